import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entityFolders } from '../../../shared/source/catalog/entity-folders.ts';
import { withoutDetails } from '../../support/extraction/atlan-contract.ts';
import { type RawRow, readRawFiles } from '../../support/extraction/raw-files.ts';
import { pythonEnvironment } from '../../support/processes/python.ts';
import {
  HOSTILE_DATABASE,
  OWNER,
  POSTGRES_15,
  POSTGRES_18,
  STRANGER,
  startTortureServer,
  TORTURE_DATABASE,
  type TortureServer,
} from '../../support/torture-catalog/create.ts';
import { extractTorture, RUN, type TortureExtraction } from '../../support/torture-catalog/extract.ts';

const DATABASE = 'einzelheiten';
const setUp = `
  CREATE SCHEMA app; CREATE SCHEMA geheim; CREATE SCHEMA "a/b";
  CREATE TYPE app."Größe" AS ENUM ('klein', 'groß');
  CREATE TYPE public.farbe AS ENUM ('rot');
  CREATE DOMAIN app.betrag AS numeric(12,2);
  CREATE ROLE "Müller";
  CREATE TABLE geheim.akten (nr int PRIMARY KEY);
  CREATE TABLE app.tmp_orte (id int PRIMARY KEY);
  CREATE TABLE "a/b".c (id int PRIMARY KEY);
  CREATE TABLE app.kunden (id int PRIMARY KEY, land char(2), nummer int, UNIQUE (land, nummer));
  ALTER TABLE app.kunden OWNER TO "Müller";
  CREATE TABLE app.messwerte (tag date, ort text, wert int, PRIMARY KEY (ort, tag)) PARTITION BY RANGE (tag, ort);
  CREATE TABLE app.messwerte_alt PARTITION OF app.messwerte FOR VALUES FROM (MINVALUE, MINVALUE) TO ('2020-01-01', MINVALUE);
  CREATE TABLE app.messwerte_neu PARTITION OF app.messwerte DEFAULT;
  CREATE TABLE app.bestellungen (
    id bigint GENERATED ALWAYS AS IDENTITY,
    "Größe" app."Größe" DEFAULT 'klein',
    farben public.farbe[] DEFAULT '{rot}',
    betrag app.betrag DEFAULT 0,
    genau numeric(10,2),
    wann timestamp(3) with time zone DEFAULT now(),
    text varchar(255) DEFAULT 'it''s "ü"',
    doppelt int GENERATED ALWAYS AS (1 + 1) STORED,
    kunde int REFERENCES app.kunden,
    land char(2), nummer int,
    akte int REFERENCES geheim.akten,
    ort int REFERENCES app.tmp_orte,
    schräg int REFERENCES "a/b".c,
    vorige bigint,
    tag date, messort text,
    nur_dabei int, in_ausdruck text, teilweise int, kaputt int,
    PRIMARY KEY (id),
    FOREIGN KEY (vorige) REFERENCES app.bestellungen,
    FOREIGN KEY (land, nummer) REFERENCES app.kunden (land, nummer),
    FOREIGN KEY (messort, tag) REFERENCES app.messwerte (ort, tag)
  );
  CREATE INDEX ON app.bestellungen (land, text) INCLUDE (nur_dabei);
  CREATE INDEX ON app.bestellungen (lower(in_ausdruck));
  CREATE INDEX ON app.bestellungen (teilweise) WHERE teilweise > 0;
  CREATE INDEX kaputt_idx ON app.bestellungen (kaputt);
  UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.kaputt_idx'::regclass;
  CREATE FUNCTION app.alles("Straße" text, OUT a int, INOUT b public.farbe, VARIADIC rest app."Größe"[]) LANGUAGE plpgsql AS 'BEGIN END';
  CREATE FUNCTION app.reihen(int) RETURNS TABLE ("Größe" app."Größe", wert numeric) LANGUAGE sql AS 'SELECT NULL::app."Größe", NULL::numeric';
  CREATE FUNCTION app.viele() RETURNS SETOF app.kunden LANGUAGE sql AS 'SELECT * FROM app.kunden';
  CREATE PROCEDURE app.tu(IN n int) LANGUAGE plpgsql AS 'BEGIN END';
  CREATE PROCEDURE app.tu(IN n int, INOUT ergebnis text) LANGUAGE plpgsql AS 'BEGIN END';
  CREATE AGGREGATE app.summe(int) (sfunc = int4pl, stype = int);`;

describe.each([
  { version: 15, binaries: POSTGRES_15 },
  { version: 18, binaries: POSTGRES_18 },
])('details of Postgres $version', ({ binaries }) => {
  let server: TortureServer;
  let detailed: TortureExtraction;
  let lines: { typeName: string; attributes: RawRow }[];
  const filters = { include: {}, exclude: { '.*': ['geheim'] }, tempTableRegex: '^tmp_' };
  beforeAll(async () => {
    await pythonEnvironment();
    server = await startTortureServer(binaries);
    await server.query(`CREATE DATABASE ${DATABASE}`);
    const client = await server.connect(DATABASE);
    await client.query(setUp);
    await client.end();
    detailed = await extractTorture(server, DATABASE, STRANGER, { details: true, filters });
    lines = (await linesOf(detailed)).map((line) => JSON.parse(line));
  }, 180_000);
  afterAll(async () => {
    await detailed?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  const prefix = `${RUN.connection.qualifiedName}/${DATABASE}/`;
  const of = (path: string) =>
    lines.find(({ attributes }) => attributes.qualifiedName === `${prefix}${path}`)?.attributes ?? {};
  const column = (name: string) => of(`app/bestellungen/${name}`);

  it('are declared types, with the schema of each type that is not the server’s own', () => {
    const names = ['id', 'Größe', 'farben', 'betrag', 'genau', 'wann', 'text', 'land'];
    expect(names.map((name) => column(name).rawDataTypeDefinition)).toEqual([
      'bigint',
      'app."Größe"',
      'public.farbe[]',
      'app.betrag',
      'numeric(10,2)',
      'timestamp(3) with time zone',
      'character varying(255)',
      'character(2)',
    ]);
  });

  it('are defaults, and no expressions of generated columns', () => {
    const names = ['Größe', 'betrag', 'wann', 'text', 'doppelt', 'id', 'genau'];
    expect(names.map((name) => column(name).defaultValue)).toEqual([
      `'klein'::app."Größe"`,
      '0',
      'now()',
      `'it''s "ü"'::character varying`,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('are the columns in keys of valid indexes', () => {
    const indexed = lines.filter(
      ({ attributes }) => attributes.isIndexed && attributes.tableName === 'bestellungen',
    );
    expect(indexed.map(({ attributes }) => attributes.name)).toEqual(['id', 'text', 'land', 'teilweise']);
  });

  it('are the columns that foreign keys refer to, only inside the filters', () => {
    const targets = lines.flatMap(({ attributes: { name, tableName, foreignKeyFrom } }) =>
      foreignKeyFrom === undefined ? [] : [[`${tableName}.${name}`, foreignKeyFrom]],
    );
    const reference = (path: string) => ({
      typeName: 'Column',
      attributes: {},
      uniqueAttributes: { qualifiedName: `${prefix}${path}` },
    });
    expect(Object.fromEntries(targets)).toEqual({
      'bestellungen.kunde': reference('app/kunden/id'),
      'bestellungen.land': reference('app/kunden/land'),
      'bestellungen.nummer': reference('app/kunden/nummer'),
      'bestellungen.vorige': reference('app/bestellungen/id'),
      'bestellungen.messort': reference('app/messwerte/ort'),
      'bestellungen.tag': reference('app/messwerte/tag'),
    });
    for (const name of ['akte', 'ort', 'schräg']) expect(column(name).isForeign).toBe(true);
  });

  it('are the places of columns in the partition key', () => {
    expect(['tag', 'ort', 'wert'].map((name) => of(`app/messwerte/${name}`))).toMatchObject([
      { isPartition: true, partitionOrder: 1 },
      { isPartition: true, partitionOrder: 2 },
      { isPartition: false },
    ]);
    expect(of('app/messwerte/wert').partitionOrder).toBeUndefined();
  });

  it('are signatures of routines', () => {
    const routine = (name: string) => {
      const { sqlLanguage, sqlArguments, sqlProcedureReturn } = of(`app/_procedures_/${name}`);
      return [sqlLanguage, sqlArguments, sqlProcedureReturn];
    };
    const argument = (sqlArgumentType: string, sqlArgumentName?: string) => ({
      ...(sqlArgumentName === undefined ? {} : { sqlArgumentName }),
      sqlArgumentType,
    });
    expect(routine('alles')).toEqual([
      'plpgsql',
      [
        argument('text', 'Straße'),
        argument('integer', 'a'),
        argument('public.farbe', 'b'),
        argument('app."Größe"[]', 'rest'),
      ],
      { sqlReturnType: 'record' },
    ]);
    expect(routine('reihen')).toEqual([
      'sql',
      [argument('integer')],
      { sqlReturnType: 'TABLE("Größe" app."Größe", wert numeric)' },
    ]);
    expect(routine('viele')).toEqual(['sql', [], { sqlReturnType: 'SETOF app.kunden' }]);
    expect(routine('tu(integer)')).toEqual(['plpgsql', [argument('integer', 'n')], undefined]);
    expect(routine('tu(integer, text)')).toEqual([
      'plpgsql',
      [argument('integer', 'n'), argument('text', 'ergebnis')],
      undefined,
    ]);
    expect(routine('summe')).toEqual(['internal', [argument('integer')], { sqlReturnType: 'integer' }]);
  });

  it('are owners', () => {
    expect(of('app/kunden').sourceOwners).toBe('Müller');
    expect(of('app').sourceOwners).toBe(of('app/bestellungen').sourceOwners);
  });

  it.each([
    ['the torture catalog', TORTURE_DATABASE, STRANGER],
    ['one with everything that a server fails to describe', HOSTILE_DATABASE, OWNER],
  ])('are all that is more in %s', async (_what, database, login) => {
    await using plain = await extractTorture(server, database, login);
    await using more = await extractTorture(server, database, login, { details: true });
    const still = (line: string) => line.replace(/"lastSyncRunAt":\d+/, '"lastSyncRunAt":0');
    const stripped = (await linesOf(more)).map((line) =>
      JSON.stringify(withoutDetails(JSON.parse(line)).plain),
    );
    expect(stripped.map(still)).toEqual((await linesOf(plain)).map(still));
    expect(more.result.warnings).toEqual(plain.result.warnings);
    expect(more.result.statements).toBe(plain.result.statements);
    for (const type of entityFolders) {
      const [one, other] = [await rawOf(plain, type), await rawOf(more, type)];
      expect(Object.keys(one[0] ?? {}).filter((name) => detailColumns.includes(name))).toEqual([]);
      expect(other.map((row) => without(row, detailColumns))).toEqual(one);
    }
  });
});

const detailColumns = [
  'table_owner',
  'raw_type_definition',
  'is_indexed',
  'partition_position',
  'foreign_schema',
  'foreign_table',
  'foreign_column',
  'language',
  'argument_list',
  'return_type',
];
const without = (row: RawRow, names: readonly string[]) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));

async function linesOf({ result }: TortureExtraction): Promise<string[]> {
  const files = result.files.filter(({ form }) => form === 'transformed');
  const texts = await Promise.all(files.map(({ path }) => readFile(path, 'utf8')));
  return texts.flatMap((text) => text.trimEnd().split('\n'));
}

async function rawOf({ result }: TortureExtraction, type: string): Promise<RawRow[]> {
  const files = result.files.filter((file) => file.form === 'raw' && file.type === type);
  return (await readRawFiles(files)).flat();
}
