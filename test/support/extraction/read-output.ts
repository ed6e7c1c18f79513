import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, posix, relative } from 'node:path';
import { expect } from 'vitest';
import { quoteLiteral } from '../../../shared/duckdb/sql-text.ts';
import { type Entity, entitySchema } from '../../../shared/extraction/entities/entity-schemas.ts';
import { rawRowSchemas } from '../../../shared/extraction/entities/raw-rows.ts';
import {
  type Latest,
  latestSchema,
  type Manifest,
  manifestSchema,
  statisticsSchema,
} from '../../../shared/extraction/output/manifest.ts';
import { openDuckdb } from '../readers/open-duckdb.ts';

/** A finished run's files, as somebody finds them who starts at latest.json. */
export interface Output {
  latest: Latest;
  manifest: Manifest;
  /** By key. */
  entities: Map<string, Entity[]>;
}

/** The files below a folder, sorted; none when there is no such folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * Reads the newest run of a workflow, and holds every file against its schema and against what the manifest says of it. Whatever lies in
 * the run's folder is accounted for.
 *
 * @param workflowFolder below `folder`, without a slash at its end
 */
export async function readOutput(folder: string, workflowFolder: string): Promise<Output> {
  const text = (key: string) => readFile(join(folder, key), 'utf8');
  const latest = latestSchema.parse(JSON.parse(await text(`${workflowFolder}/latest.json`)));
  const manifest = manifestSchema.parse(JSON.parse(await text(latest.manifest)));
  expect(latest).toMatchObject({ runId: manifest.runId, state: manifest.state });
  const entities = new Map<string, Entity[]>();
  for (const { key, form, rows, bytes, sha256 } of manifest.files) {
    const content = await readFile(join(folder, key));
    expect({
      key,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    }).toEqual({
      key,
      bytes,
      sha256,
    });
    if (form === 'raw') continue;
    const lines = content.toString('utf8').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines, key).toHaveLength(rows);
    entities.set(
      key,
      lines.map((line) => entitySchema.parse(JSON.parse(line))),
    );
  }
  await expectRawRows(folder, manifest);
  const found = await filesBelow(join(folder, posix.dirname(latest.manifest)));
  const listed = manifest.files.map(({ key }) => posix.relative(posix.dirname(latest.manifest), key));
  const rest = found.filter((name) => !listed.includes(name) && name !== 'manifest.json');
  expect(rest.every((name) => name.endsWith('statistics.json.ignore'))).toBe(true);
  for (const name of rest) {
    const key = posix.join(posix.dirname(latest.manifest), name);
    const statistics = statisticsSchema.parse(JSON.parse(await text(key)));
    const [form, type] = name.split('/');
    const files = manifest.files.filter((file) => file.form === form && file.type === type);
    expect(statistics.total_record_count, name).toBe(files.reduce((sum, { rows }) => sum + rows, 0));
  }
  // One for each folder that holds files.
  expect(rest).toHaveLength(new Set(manifest.files.map(({ form, type }) => `${form}/${type}`)).size);
  const all = [...entities.values()].flat();
  const counted = Map.groupBy(all, ({ typeName }) => typeName);
  expect(Object.fromEntries([...counted].map(([type, of]) => [type, of.length]))).toEqual(manifest.entities);
  const names = all.map(({ attributes }) => attributes.qualifiedName);
  expect(new Set(names).size).toBe(names.length);
  return { latest, manifest, entities };
}

/** Each row is what it is declared to be. A reader that shares nothing with the writer holds them against the contract elsewhere. */
async function expectRawRows(folder: string, { files }: Manifest): Promise<void> {
  using duckdb = await openDuckdb();
  for (const { key, form, type, rows } of files) {
    if (form !== 'raw') continue;
    const reader = await duckdb.connection.runAndReadAll(
      `FROM read_parquet(${quoteLiteral(join(folder, key))})`,
    );
    const found = reader.getRowObjectsJS().map(withNumbers);
    expect(found, key).toHaveLength(rows);
    for (const row of found) rawRowSchemas[type].parse(row);
  }
}

/** No whole number of a catalog is beyond 2^53. */
const withNumbers = (row: object) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  );
