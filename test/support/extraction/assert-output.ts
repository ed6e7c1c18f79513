import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { expect } from 'vitest';
import {
  type AtlanEntity,
  atlanEntity,
  atlanStatistics,
  inFormOfApp,
  nullsOutsideFileForm,
  typesOfFolder,
  withoutDetails,
} from './atlan-contract.ts';

/** A file of transformed lines, read. */
interface EntityFile {
  path: string;
  type: string;
  entities: AtlanEntity[];
  /** What foreign keys of its columns refer to. */
  references: string[];
}

/** In which form files are: their layout, and whether they have details. */
interface Form {
  layout?: keyof typeof layouts;
  details?: boolean;
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

/** How a layout names its files, and where it says how many there are. */
const layouts = {
  app: { file: /^(\d+)\.(json|parquet)$/, statistics: 'statistics.json.ignore' },
  // Numbered by the SDK from 0.
  sdk: { file: /^chunk-(\d+)-part(\d+)\.(json|parquet)$/, statistics: 'statistics/statistics.json.ignore' },
  // One file of each type, for all databases, without statistics.
  sdk3: { file: /^(records|entities)\.json$/, statistics: undefined },
} as const;

/** Every file below a folder, as paths from there. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * Asserts what the contract promises of the lines of transformed files: each is valid, in file form, no type has a qualifiedName twice,
 * and what a relation points at is there.
 *
 * @param files paths; the folder that a file lies in names its type, unless given
 * @returns the entities of all files, without details
 */
export async function assertEntityFiles(
  files: readonly (string | { path: string; type: string })[],
  form: Form = {},
): Promise<AtlanEntity[]> {
  const read = await Promise.all(files.map((file) => readEntityFile(file, form)));
  const entities = read.flatMap((file) => file.entities);
  const columns = new Set(
    entities
      .filter(({ typeName }) => typeName === 'Column')
      .map(({ attributes }) => attributes.qualifiedName),
  );
  const references = read.flatMap((file) => file.references);
  expect(
    references.filter((reference) => !columns.has(reference)),
    'foreign keys that point at nothing',
  ).toEqual([]);
  assertUnique(entities);
  assertRelations(entities);
  return entities;
}

/**
 * Asserts that a folder is a whole run: `raw/` and `transformed/` with the types of the contract, files numbered without gaps (from 1;
 * of `layout: sdk` from 0; of `layout: sdk3` one for each type), statistics that are right and, where there is a manifest.json, that it lists every file with its size, rows
 * and SHA-256.
 *
 * @returns the entities of all files
 */
export async function assertOutput(
  folder: string,
  layout: keyof typeof layouts = 'app',
  details = false,
): Promise<AtlanEntity[]> {
  const { file: form, statistics } = layouts[layout];
  const files = await filesBelow(folder);
  const kinds = ['raw', 'transformed'].flatMap((kind) =>
    Object.keys(typesOfFolder).map((type) => `${kind}/${type}`),
  );
  const named = files.filter((file) => form.test(basename(file)) && kinds.includes(dirname(file)));
  const counted = files.filter(
    (file) => statistics !== undefined && kinds.some((kind) => file === `${kind}/${statistics}`),
  );
  const others = files.filter((file) => ![...named, ...counted, 'manifest.json'].includes(file));
  expect(others, 'no other file than those of the contract').toEqual([]);
  const rawNames = layout === 'sdk3' ? 'records.json' : '.parquet';
  for (const file of named) expect(file.startsWith('raw/'), file).toBe(file.endsWith(rawNames));

  const rows = new Map<string, number>();
  const transformed = named.filter((file) => file.startsWith('transformed/'));
  const written = { layout, details };
  const entities = await assertEntityFiles(
    transformed.map((file) => join(folder, file)),
    written,
  );
  for (const file of transformed)
    rows.set(file, (await readEntityFile(join(folder, file), written)).entities.length);

  const folders = new Set(named.map((file) => dirname(file)));
  for (const kind of folders) {
    const chunks = layout === 'sdk3' ? 1 : assertNumbers(kind, named, form, layout === 'app' ? 1 : 0);
    const [, type = ''] = kind.split('/');
    for (const other of ['raw', 'transformed'])
      expect(folders, `files of ${kind}`).toContain(`${other}/${type}`);
    // As many raw rows as entities.
    if (statistics) await assertStatistics(join(folder, kind, statistics), kind, chunks, rows);
  }
  for (const file of counted)
    expect(
      [...folders].some((kind) => file.startsWith(`${kind}/`)),
      file,
    ).toBe(true);
  if (files.includes('manifest.json')) await assertManifest(folder, named, rows);
  return entities;
}

async function readEntityFile(
  file: string | { path: string; type: string },
  { layout = 'app', details = false }: Form,
): Promise<EntityFile> {
  const { path, type } = typeof file === 'string' ? { path: file, type: basename(dirname(file)) } : file;
  const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  expect(text.endsWith('\n'), `${path} ends with a line break`).toBe(true);
  const lines = text.slice(0, -1).split('\n');
  const references: string[] = [];
  const entities = lines.map((line, at) => {
    const where = `${path}:${at + 1}`;
    const read: unknown = JSON.parse(line);
    const whole = layout === 'sdk3' ? inFormOfApp(read) : read;
    const { plain: value, references: of } = details
      ? withoutDetails(whole)
      : { plain: whole, references: [] };
    references.push(...of);
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
  // Each database is read and transformed on its own.
  const databases = new Set(entities.map(({ attributes }) => databaseOf(attributes)));
  const most = layout === 'sdk3' ? databases.size : 1;
  expect(times.size, `${path}: one lastSyncRunAt`).toBeLessThanOrEqual(most);
  return { path, type, entities, references };
}

const databaseOf = (of: AtlanEntity['attributes']) =>
  'databaseQualifiedName' in of ? of.databaseQualifiedName : of.qualifiedName;

/** Atlan knows an asset by its type and its qualifiedName; a table does not become another one by being a view or partition. */
function keyOf({ typeName, attributes }: AtlanEntity): string {
  const folder = Object.entries(typesOfFolder).find(([, types]) => types.includes(typeName))?.[0];
  return `${folder} ${attributes.qualifiedName}`;
}

function assertUnique(entities: readonly AtlanEntity[]): void {
  const seen = new Map<string, number>();
  for (const key of entities.map(keyOf)) seen.set(key, (seen.get(key) ?? 0) + 1);
  expect(
    [...seen].filter(([, times]) => times > 1).map(([key]) => key),
    'qualifiedNames of several entities',
  ).toEqual([]);
}

/** Both that the entity is there, and that it is of the type that the relation says. */
function assertRelations(entities: readonly AtlanEntity[]): void {
  const there = new Set(entities.map((entity) => `${entity.typeName} ${entity.attributes.qualifiedName}`));
  const byKey = new Map(entities.map((entity) => [keyOf(entity), entity]));
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
      const owner = byKey.get(`${kind === 'view' ? 'table' : kind} ${given[`${kind}QualifiedName`]}`);
      return owner && owner.attributes.name !== given[`${kind}Name`]
        ? [`${attributes.qualifiedName}: ${kind}Name`]
        : [];
    }),
  );
  expect(differing, 'names that are not those of the qualifiedName next to them').toEqual([]);
}

/** @returns number of chunks */
function assertNumbers(kind: string, files: readonly string[], form: RegExp, first: number): number {
  const parts = new Map<number, number[]>();
  for (const file of files.filter((one) => dirname(one) === kind)) {
    const [, chunk, part] = form.exec(basename(file)) ?? [];
    // Of `layout: app` a chunk has one part, and its second group is the ending.
    const number = Number.parseInt(part ?? '', 10);
    parts.set(Number(chunk), [...(parts.get(Number(chunk)) ?? []), Number.isNaN(number) ? first : number]);
  }
  const withoutGaps = (numbers: number[]) => {
    const sorted = numbers.toSorted((one, other) => one - other);
    expect(sorted, `${kind}: numbers from ${first} without gaps`).toEqual(sorted.map((_, at) => at + first));
  };
  withoutGaps([...parts.keys()]);
  for (const numbers of parts.values()) withoutGaps(numbers);
  return parts.size;
}

async function assertStatistics(
  file: string,
  kind: string,
  chunks: number,
  rows: ReadonlyMap<string, number>,
): Promise<void> {
  const total = [...rows]
    .filter(([one]) => basename(dirname(one)) === basename(kind))
    .reduce((sum, [, count]) => sum + count, 0);
  // The SDK tells the parts of each chunk too.
  const { partitions: _, ...statistics } = JSON.parse(await readFile(file, 'utf8')) as Record<
    string,
    unknown
  >;
  expect(atlanStatistics.parse(statistics), kind).toEqual({
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
  for (const type of new Set(listed.map((file) => file.type))) {
    const [raw, transformed] = ['raw', 'transformed'].map((form) =>
      listed
        .filter((file) => file.form === form && file.type === type)
        .reduce((sum, file) => sum + file.rows, 0),
    );
    expect(raw, `raw rows of ${type}`).toBe(transformed);
  }
}
