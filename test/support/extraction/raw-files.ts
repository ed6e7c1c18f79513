import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect } from 'vitest';
import { rawRowSchemas } from '../../../shared/extraction/entities/raw-rows.ts';
import type { EntityFolder } from '../../../shared/source/catalog/entity-folders.ts';
import { type ParquetContent, readParquetWithPyarrow } from '../readers/read-parquet.ts';
import { filesBelow } from './assert-output.ts';
import { type AtlanEntity, atlanEntity, inFormOfApp, rawColumns } from './atlan-contract.ts';

/** A row of a raw file, by the names of its columns. */
export type RawRow = Record<string, unknown>;

interface RawFile {
  path: string;
  type: EntityFolder;
}

/** Reads raw files, and asserts that they have the columns of the contract and that each row is what it is declared to be. */
export async function readRawFiles(files: readonly RawFile[]): Promise<RawRow[][]> {
  const contents = await Promise.all(
    files.map(({ path }) => (path.endsWith('.json') ? readRecords(path) : readParquetWithPyarrow(path))),
  );
  return files.map((file, at) => checkedRows(file, contents[at]));
}

/**
 * Asserts of the folder of a whole run that its raw rows are what they are declared to be, that chunk n of each type holds the rows that
 * the entities of chunk n were made of, in their order, and where there is a manifest.json, that it counts them right.
 */
export async function assertRawFiles(folder: string): Promise<void> {
  const all = await filesBelow(folder);
  const names = all.filter((name) => name.startsWith('raw/') && /\.(parquet|json)$/.test(name));
  const files = names.map((name) => ({
    path: join(folder, name),
    type: basename(dirname(name)) as EntityFolder,
  }));
  const rows = await readRawFiles(files);
  for (const [at, name] of names.entries()) {
    const { type } = files[at] as RawFile;
    const parts = all.filter(
      (other) =>
        dirname(other) === `transformed/${type}` &&
        other.endsWith('.json') &&
        chunkOf(other) === chunkOf(name),
    );
    const paths = parts.toSorted(byNumbers).map((part) => join(folder, part));
    expect(
      (rows[at] ?? []).map((row) => placeOfRow(type, row)),
      name,
    ).toEqual(await placesInFiles(paths));
  }
  if (!all.includes('manifest.json')) return;
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
    files: { key: string; form: string; rows: number }[];
  };
  const listed = manifest.files.flatMap(({ key, form, rows: count }) =>
    form === 'raw' ? [[key.split('/').slice(-3).join('/'), count]] : [],
  );
  expect(Object.fromEntries(listed)).toEqual(
    Object.fromEntries(names.map((name, at) => [name, rows[at]?.length])),
  );
}

/** The places of the entities in transformed files, one file after the other. */
export async function placesInFiles(paths: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  return texts.flatMap((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
      .map((line) => ('relationshipAttributes' in line ? inFormOfApp(line) : line))
      .map((line) => placeOfEntity(atlanEntity.parse(line))),
  );
}

/** A document a line, of version 3 of the SDK: each with all columns, in one order, also those without a value. */
async function readRecords(
  path: string,
): Promise<Omit<ParquetContent, 'columns'> & { columns: { name: string }[] }> {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  expect(text.endsWith('\n'), path).toBe(true);
  const records = text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as RawRow);
  const names = Object.keys(records[0] ?? {});
  for (const record of records) expect(Object.keys(record), path).toEqual(names);
  return {
    columns: names.map((name) => ({ name })),
    rows: records.map((record) => Object.values(record)),
    rowCount: records.length,
  };
}

const placeColumns: Record<EntityFolder, readonly string[]> = {
  database: ['datname'],
  schema: ['catalog_name', 'schema_name'],
  table: ['table_catalog', 'table_schema', 'table_name'],
  column: ['table_catalog', 'table_schema', 'table_name', 'column_name', 'ordinal_position', 'data_type'],
  'extras-procedure': ['procedure_catalog', 'procedure_schema', 'procedure_name', 'procedure_definition'],
};

/** Where in the catalog a row stands: the same text as that of the entity that is made of it. */
export function placeOfRow(type: EntityFolder, row: RawRow): string {
  return JSON.stringify(placeColumns[type].map((name) => row[name]));
}

function placeOfEntity({ attributes }: AtlanEntity): string {
  const of = attributes as RawRow;
  const { databaseName, schemaName, name } = of;
  const within = [databaseName, schemaName].filter((one) => one !== undefined);
  if ('order' in of)
    return JSON.stringify([...within, of.tableName ?? of.viewName, name, of.order, of.dataType]);
  return JSON.stringify([...within, name, ...('subType' in of ? [of.definition] : [])]);
}

function checkedRows(
  { path, type }: RawFile,
  content: (Pick<ParquetContent, 'rows' | 'rowCount'> & { columns: { name: string }[] }) | undefined,
): RawRow[] {
  const names = content?.columns.map((column) => column.name) ?? [];
  expect(names, path).toEqual(expect.arrayContaining([...(rawColumns[type] ?? [])]));
  const rows = (content?.rows ?? []).map(
    (row): RawRow => Object.fromEntries(names.map((name, at) => [name, row[at]])),
  );
  expect(rows, path).toHaveLength(content?.rowCount ?? Number.NaN);
  for (const [at, row] of rows.entries()) {
    const parsed = rawRowSchemas[type].safeParse(row);
    if (!parsed.success) expect.fail(`${path}, row ${at + 1}: ${parsed.error.message}`);
    expect(parsed.data).toEqual(row);
  }
  return rows;
}

/** The numbers in a file's name: of its chunk, and of `layout: sdk` of its part. */
const numbersOf = (path: string) => (basename(path).match(/\d+/g) ?? []).map(Number);
const chunkOf = (path: string) => numbersOf(path)[0];
const byNumbers = (one: string, other: string) => (numbersOf(one)[1] ?? 0) - (numbersOf(other)[1] ?? 0);
