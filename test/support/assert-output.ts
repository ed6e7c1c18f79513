import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { expect } from 'vitest';
import {
  type AtlanEntity,
  atlanEntity,
  atlanStatistics,
  nullsOutsideFileForm,
  typesOfFolder,
} from './atlan-contract.ts';

/** A file of transformed lines, read. */
interface EntityFile {
  path: string;
  type: string;
  entities: AtlanEntity[];
}

/** What of a manifest says which files there are, whatever else it holds. */
interface ListedFile {
  key: string;
  form: string;
  type: string;
  rows: number;
  bytes: number;
  sha256: string;
}

/** Every file below a folder, as paths from there. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * Asserts what the contract promises of the lines of transformed files: each is valid, in file form, no qualifiedName is there twice, and
 * what a relation points at is there.
 *
 * @param files paths; the folder that a file lies in names its type, unless given
 * @returns the entities of all files
 */
export async function assertEntityFiles(
  files: readonly (string | { path: string; type: string })[],
): Promise<AtlanEntity[]> {
  const read = await Promise.all(files.map((file) => readEntityFile(file)));
  const entities = read.flatMap((file) => file.entities);
  assertUnique(entities);
  assertRelations(entities);
  return entities;
}

/**
 * Asserts that a folder is a whole run of `layout: app`: `raw/` and `transformed/` with the types of the contract, files numbered from 1
 * without gaps, statistics that are right and, where there is a manifest.json, that it lists every file with its size, rows and SHA-256.
 *
 * @returns the entities of all files
 */
export async function assertOutput(folder: string): Promise<AtlanEntity[]> {
  const files = await filesBelow(folder);
  const named = files.filter((file) => /\/\d+\.(json|parquet)$/.test(file));
  const statistics = files.filter((file) => basename(file) === 'statistics.json.ignore');
  const others = files.filter((file) => !named.includes(file) && !statistics.includes(file));
  expect(others, 'no other file than those of the contract').toEqual(
    others.filter((file) => file === 'manifest.json'),
  );
  for (const file of named) {
    const [form, type, ...rest] = file.split('/');
    expect(Object.keys(typesOfFolder), file).toContain(type);
    expect(form, file).toBe(file.endsWith('.json') ? 'transformed' : 'raw');
    expect(rest, file).toHaveLength(1);
  }

  const transformed = named.filter((file) => file.endsWith('.json'));
  const entities = await assertEntityFiles(transformed.map((file) => join(folder, file)));
  const rows = new Map<string, number>();
  for (const file of transformed) rows.set(file, (await readEntityFile(join(folder, file))).entities.length);

  for (const [kind, numbers] of numbersByFolder(named)) {
    expect(numbers, `${kind}: numbers from 1 without gaps`).toEqual(numbers.map((_, at) => at + 1));
    const [form, type] = kind.split('/');
    if (form !== 'transformed') continue;
    expect(files, `raw files of ${type}`).toContain(`raw/${type}/1.parquet`);
    await assertStatistics(folder, kind, numbers.length, rows);
  }
  for (const file of statistics) expect(numbersByFolder(named).has(dirname(file)), file).toBe(true);
  if (others.includes('manifest.json')) await assertManifest(folder, named, rows);
  return entities;
}

async function readEntityFile(file: string | { path: string; type: string }): Promise<EntityFile> {
  const { path, type } = typeof file === 'string' ? { path: file, type: basename(dirname(file)) } : file;
  const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  expect(text.endsWith('\n'), `${path} ends with a line break`).toBe(true);
  const lines = text.slice(0, -1).split('\n');
  const entities = lines.map((line, at) => {
    const where = `${path}:${at + 1}`;
    const value: unknown = JSON.parse(line);
    const parsed = atlanEntity.safeParse(value);
    if (!parsed.success) expect.fail(`${where} ${parsed.error.message}\n${line.slice(0, 2_000)}`);
    expect(typesOfFolder[type], where).toContain(parsed.data.typeName);
    expect(nullsOutsideFileForm(value), `${where}: nulls that file form drops`).toEqual([]);
    // What JSON.parse does not show: 100.0 is not 100 to who reads integers.
    expect(line.replace(/"(?:[^"\\]|\\.)*"/g, '""'), `${where}: integers stay integers`).not.toMatch(
      /\d[.eE]/,
    );
    return parsed.data;
  });
  const times = new Set(entities.map(({ attributes }) => attributes.lastSyncRunAt));
  expect([...times], `${path}: one lastSyncRunAt`).toHaveLength(1);
  return { path, type, entities };
}

function assertUnique(entities: readonly AtlanEntity[]): void {
  const seen = new Map<string, number>();
  for (const { attributes } of entities)
    seen.set(attributes.qualifiedName, (seen.get(attributes.qualifiedName) ?? 0) + 1);
  expect(
    [...seen].filter(([, times]) => times > 1).map(([name]) => name),
    'qualifiedNames of several entities',
  ).toEqual([]);
}

/** Both that the entity is there, and that it is of the type that the relation says. */
function assertRelations(entities: readonly AtlanEntity[]): void {
  const there = new Set(entities.map((entity) => `${entity.typeName} ${entity.attributes.qualifiedName}`));
  const byName = new Map(entities.map((entity) => [entity.attributes.qualifiedName, entity]));
  const broken = entities.flatMap(({ attributes }) => {
    const targets = Object.entries(attributes).flatMap(([key, value]) =>
      typeof value === 'object'
        ? [{ key, type: value.typeName, name: value.uniqueAttributes.qualifiedName }]
        : [],
    );
    return targets
      .filter(({ type, name }) => !there.has(`${type} ${name}`))
      .map(({ key, type, name }) => `${attributes.qualifiedName}: ${key} → ${type} ${name}`);
  });
  expect(broken, 'relations that point at nothing').toEqual([]);

  // The same in plain names: database, schema, table or view of an entity are the entity's of that qualifiedName.
  const differing = entities.flatMap(({ attributes }) =>
    ['database', 'schema', 'table', 'view'].flatMap((kind) => {
      const given = attributes as Record<string, unknown>;
      const owner = byName.get(String(given[`${kind}QualifiedName`]));
      return owner && owner.attributes.name !== given[`${kind}Name`]
        ? [`${attributes.qualifiedName}: ${kind}Name`]
        : [];
    }),
  );
  expect(differing, 'names that are not those of the qualifiedName beside them').toEqual([]);
}

/** The numbers of the files of `raw/table`, `transformed/table` … in order. */
function numbersByFolder(files: readonly string[]): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const file of files) {
    const kind = dirname(file);
    numbers.set(kind, [...(numbers.get(kind) ?? []), Number.parseInt(basename(file), 10)]);
  }
  for (const list of numbers.values()) list.sort((one, other) => one - other);
  return numbers;
}

async function assertStatistics(
  folder: string,
  kind: string,
  chunks: number,
  rows: ReadonlyMap<string, number>,
): Promise<void> {
  const text = await readFile(join(folder, kind, 'statistics.json.ignore'), 'utf8');
  const total = [...rows]
    .filter(([file]) => dirname(file) === kind)
    .reduce((sum, [, count]) => sum + count, 0);
  expect(atlanStatistics.parse(JSON.parse(text)), kind).toEqual({
    total_record_count: total,
    chunk_count: chunks,
  });
}

async function assertManifest(
  folder: string,
  files: readonly string[],
  rows: ReadonlyMap<string, number>,
): Promise<void> {
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
    files: ListedFile[];
  };
  // A key stands below whatever prefix the output has.
  const listed = manifest.files.map((file) => ({ ...file, key: file.key.split('/').slice(-3).join('/') }));
  expect(listed.map(({ key }) => key).sort(), 'files of the manifest').toEqual([...files].sort());
  for (const { key, form, type, rows: listedRows, bytes, sha256 } of listed) {
    const content = await readFile(join(folder, key));
    expect({ key, bytes, sha256 }).toEqual({
      key,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    expect(`${form}/${type}`).toBe(dirname(key));
    if (form === 'transformed') expect(listedRows, key).toBe(rows.get(key));
  }
}
