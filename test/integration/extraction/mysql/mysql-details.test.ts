import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlEntity } from '../../../../shared/extraction/entities/mysql/mysql-entity-schemas.ts';
import type { SourceSession } from '../../../../shared/source/sessions/session.ts';
import { FLAVORS, MIRRORED, READER, startTortureMysql } from '../../../support/mysql-catalog/create.ts';
import { extractMysql, type MysqlExtraction } from '../../../support/mysql-catalog/extract.ts';
import type { MysqlServer } from '../../../support/servers/mysql-server.ts';

const setUp = `
  CREATE DATABASE einzel; CREATE DATABASE geheim;
  CREATE TABLE geheim.akten (nr INT PRIMARY KEY);
  CREATE TABLE einzel.tmp_orte (id INT PRIMARY KEY);
  CREATE TABLE einzel.kunden (Id INT UNSIGNED PRIMARY KEY, land CHAR(2), nummer INT, UNIQUE KEY (land, nummer));
  CREATE TABLE einzel.bestellungen (
    id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
    art ENUM('klein', 'groß') DEFAULT 'groß',
    betrag DECIMAL(10,2) NOT NULL DEFAULT 0,
    wann DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3),
    ohne TEXT,
    leer VARCHAR(9) DEFAULT '',
    wort VARCHAR(9) DEFAULT 'NULL',
    doppelt INT AS (1 + 1) STORED,
    kunde INT UNSIGNED, land CHAR(2), nummer INT,
    akte INT, ort INT, vorige BIGINT UNSIGNED,
    anfang VARCHAR(50), zweite INT,
    KEY (art, zweite), KEY (anfang(5)),
    FOREIGN KEY (kunde) REFERENCES einzel.kunden (ID),
    FOREIGN KEY (land, nummer) REFERENCES einzel.kunden (land, nummer),
    FOREIGN KEY (akte) REFERENCES geheim.akten (nr),
    FOREIGN KEY (ort) REFERENCES einzel.tmp_orte (id),
    FOREIGN KEY (vorige) REFERENCES einzel.bestellungen (id)
  );
  CREATE DATABASE Einzel;
  CREATE TABLE einzel.ort (a INT PRIMARY KEY, b INT, \`ä\` INT, KEY (b), KEY (\`ä\`)) PARTITION BY HASH (a) PARTITIONS 2;
  CREATE TABLE einzel.Ort (a INT PRIMARY KEY, b INT, KEY (b)) PARTITION BY HASH (a) PARTITIONS 1;
  CREATE TABLE einzel.\`ört\` (a INT PRIMARY KEY, b INT, KEY (b)) PARTITION BY HASH (a) PARTITIONS 3;
  CREATE TABLE Einzel.ort (a INT PRIMARY KEY, b INT, KEY (b)) PARTITION BY RANGE (a) SUBPARTITION BY HASH (a) SUBPARTITIONS 2
    (PARTITION p0 VALUES LESS THAN (7));
  CREATE TABLE einzel.schloss (a INT, b INT, UNIQUE KEY \`Prímary\` (a));
  CREATE DATABASE Sys; CREATE DATABASE MySQL; CREATE DATABASE \`sýs\`;
  CREATE FUNCTION einzel.preis(menge INT, art VARCHAR(20)) RETURNS DECIMAL(12,3) DETERMINISTIC RETURN 0;
  CREATE FUNCTION einzel.wort() RETURNS VARCHAR(30) CHARACTER SET utf8mb4 DETERMINISTIC RETURN 'ü';
  CREATE PROCEDURE einzel.tu(IN n INT, OUT ergebnis TEXT) SELECT 1;
  CREATE PROCEDURE einzel.nichts() SELECT 1;`;

/** What only MariaDB has: partitions for everything else. */
const setUpMariadb = `
  CREATE TABLE einzel.liste (a INT) PARTITION BY LIST (a) (PARTITION null_eins VALUES IN (NULL, 0, 1), PARTITION rest DEFAULT);
  CREATE TABLE einzel.texte (a VARCHAR(9)) PARTITION BY LIST COLUMNS (a) (PARTITION wort VALUES IN ('MAXVALUE'), PARTITION rest DEFAULT);
  CREATE TABLE einzel.paare (a VARCHAR(9), b INT) PARTITION BY LIST COLUMNS (a, b)
    (PARTITION wort VALUES IN (('MAXVALUE', 0)), PARTITION rest DEFAULT);`;

describe.each(FLAVORS)('details of %s', (flavor) => {
  let server: MysqlServer;
  let catalog: MysqlExtraction;
  const filters = { include: {}, exclude: { '.*': ['geheim'] }, tempTableRegex: '^tmp_' };
  beforeAll(async () => {
    server = await startTortureMysql({ flavor });
    await server.query(flavor === 'mariadb' ? setUp + setUpMariadb : setUp);
    catalog = await extractMysql(server, { details: true, filters, tablePartitions: true });
  });
  afterAll(async () => {
    await catalog?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  type Attributes = Record<string, unknown>;
  const attributesOf = (typeName: MysqlEntity['typeName'], path: string) =>
    (catalog.get(typeName, `einzel/${path}`)?.attributes ?? {}) as Attributes;
  const column = (name: string) => attributesOf('Column', `bestellungen/${name}`);

  it('are declared types', () => {
    const names = ['id', 'art', 'betrag', 'wann'];
    expect(names.map((name) => column(name).rawDataTypeDefinition)).toEqual([
      flavor === 'mariadb' ? 'bigint(20) unsigned' : 'bigint unsigned',
      "enum('klein','groß')",
      'decimal(10,2)',
      'datetime(3)',
    ]);
  });

  it('are defaults in the words of the server', () => {
    const names = ['art', 'betrag', 'wann', 'leer', 'wort', 'ohne', 'doppelt', 'id'];
    const none = [undefined, undefined, undefined];
    expect(names.map((name) => column(name).defaultValue)).toEqual(
      flavor === 'mariadb'
        ? ["'groß'", '0.00', 'current_timestamp(3)', "''", "'NULL'", ...none]
        : ['groß', '0.00', 'CURRENT_TIMESTAMP(3)', '', 'NULL', ...none],
    );
  });

  it('are the columns in keys of indexes', () => {
    const indexed = catalog.entities.filter(
      ({ attributes }) =>
        'isIndexed' in attributes && attributes.isIndexed && attributes.tableName === 'bestellungen',
    );
    // A foreign key has an index.
    expect(indexed.map(({ attributes }) => attributes.name)).toEqual(
      'id art kunde land nummer akte ort vorige anfang zweite'.split(' '),
    );
    expect(column('betrag').isIndexed).toBe(false);
  });

  // A test that is skipped counts as failed in CI.
  it.each(flavor === 'mariadb' ? [flavor] : [])(
    'are the bounds of partitions, as far as %s tells them',
    () => {
      const constraintOf = (path: string) => {
        const { attributes } =
          catalog.get('TablePartition', `einzel/${path.replace('/', '/_partitions_/')}`) ?? {};
        return attributes && 'constraint' in attributes ? attributes.constraint : undefined;
      };
      const paths = ['liste/null_eins', 'liste/rest', 'texte/wort', 'texte/rest', 'paare/wort', 'paare/rest'];
      expect(Object.fromEntries(paths.map((path) => [path, constraintOf(path)]))).toEqual({
        'liste/null_eins': 'VALUES IN (NULL,0,1)',
        'liste/rest': undefined,
        'texte/wort': "VALUES IN ('MAXVALUE')",
        'texte/rest': 'DEFAULT',
        'paare/wort': "VALUES IN (('MAXVALUE',0))",
        'paare/rest': 'DEFAULT',
      });
    },
  );

  describe('of names that differ only by case or accents', () => {
    const tables = ['Einzel/ort', 'einzel/Ort', 'einzel/ort', 'einzel/ört'];

    it('are all schemas but those of the system', () => {
      const schemas = catalog.pathsOf('Schema');
      expect(schemas).toEqual(expect.arrayContaining(['Einzel', 'MySQL', 'Sys', 'einzel', 'sýs']));
      for (const own of ['mysql', 'sys', 'performance_schema', 'information_schema'])
        expect(schemas).not.toContain(own);
      // Filters do not apply to their number.
      expect(catalog.get('Database', '')?.attributes).toMatchObject({ schemaCount: schemas.length + 1 });
    });

    it('are the partitions of each table', () => {
      const partitions = catalog.entities.flatMap(({ typeName, attributes }) => {
        if (typeName !== 'TablePartition') return [];
        const [, path = ''] = attributes.qualifiedName.split('/def/');
        const constraint = 'constraint' in attributes ? attributes.constraint : undefined;
        return tables.some((table) => path.startsWith(`${table}/`))
          ? [[path.replace('/_partitions_', ''), constraint]]
          : [];
      });
      expect(partitions).toEqual([
        ['Einzel/ort/p0', 'VALUES LESS THAN (7)'],
        ['Einzel/ort/p0sp0', undefined],
        ['Einzel/ort/p0sp1', undefined],
        ['einzel/Ort/p0', undefined],
        ['einzel/ort/p0', undefined],
        ['einzel/ort/p1', undefined],
        ['einzel/ört/p0', undefined],
        ['einzel/ört/p1', undefined],
        ['einzel/ört/p2', undefined],
      ]);
    });

    it('are the indexed columns of each table', () => {
      const paths = [...tables.flatMap((table) => [`${table}/a`, `${table}/b`]), 'einzel/ort/ä'];
      for (const path of paths)
        expect.soft(catalog.get('Column', path)?.attributes, path).toMatchObject({ isIndexed: true });
    });

    it('are no primary key where only the name is like one', () => {
      const { isPrimary, isIndexed } = attributesOf('Column', 'schloss/a');
      expect([isPrimary, isIndexed]).toEqual([false, true]);
      expect(catalog.get('Column', 'einzel/schloss/a')?.customAttributes).toMatchObject({
        constraint_type: 'UNIQUE',
      });
    });
  });

  it('are the columns that foreign keys refer to, only inside the filters', () => {
    const names = ['kunde', 'land', 'nummer', 'vorige', 'akte', 'ort', 'betrag'];
    const reference = (path: string) => ({
      typeName: 'Column',
      attributes: {},
      uniqueAttributes: { qualifiedName: `tenant/mysql/1234567890/def/einzel/${path}` },
    });
    expect(names.map((name) => column(name).foreignKeyFrom)).toEqual([
      // As the column is written, not the constraint.
      reference('kunden/Id'),
      reference('kunden/land'),
      reference('kunden/nummer'),
      reference('bestellungen/id'),
      undefined,
      undefined,
      undefined,
    ]);
    expect(['akte', 'ort'].map((name) => column(name).isForeign)).toEqual([true, true]);
  });

  it('are signatures of routines', () => {
    const routine = (name: string) => {
      const of = attributesOf('Procedure', `_procedures_/${name}`);
      return [of.sqlLanguage, of.sqlArguments, of.sqlProcedureReturn];
    };
    const int = flavor === 'mariadb' ? 'int(11)' : 'int';
    expect(routine('preis')).toEqual([
      'SQL',
      [
        { sqlArgumentName: 'menge', sqlArgumentType: int },
        { sqlArgumentName: 'art', sqlArgumentType: 'varchar(20)' },
      ],
      { sqlReturnType: 'decimal(12,3)', sqlReturnNumericPrecision: 12 },
    ]);
    expect(routine('wort')).toEqual([
      'SQL',
      [],
      {
        sqlReturnType: 'varchar(30)',
        sqlReturnCharacterMaximumLength: 30,
        sqlReturnCharacterOctetLength: 120,
      },
    ]);
    expect(routine('tu')).toEqual([
      'SQL',
      [
        { sqlArgumentName: 'n', sqlArgumentType: int },
        { sqlArgumentName: 'ergebnis', sqlArgumentType: 'text' },
      ],
      undefined,
    ]);
    expect(routine('nichts')).toEqual(['SQL', [], undefined]);
  });

  it('are all that is more', async () => {
    await using plain = await extractMysql(server, { filters, tablePartitions: true });
    const still = (line: string) => line.replace(/"lastSyncRunAt":\d+/, '"lastSyncRunAt":0');
    const lines = await Promise.all([plain, catalog].map(linesOf));
    const [without = [], more = []] = lines.map((of) => of.map(still));
    expect(more.map((line) => JSON.stringify(stripped(JSON.parse(line))))).toEqual(without);
    expect(without.join('\n')).not.toMatch(/isIndexed|foreignKeyFrom|sqlArguments/);
    expect(catalog.result.warnings).toEqual(plain.result.warnings);
  });

  it('refer to nothing that a login does not see', async () => {
    await server.query(
      `CREATE USER eng IDENTIFIED BY 'eng'; GRANT SELECT ON einzel.bestellungen TO eng; GRANT SELECT (land) ON einzel.kunden TO eng`,
    );
    await using narrow = await extractMysql(server, {
      details: true,
      login: { username: 'eng', password: 'eng' },
      source: { database: 'einzel' },
    });
    const targets = narrow.entities.flatMap(({ attributes }) =>
      'foreignKeyFrom' in attributes && attributes.foreignKeyFrom
        ? [attributes.foreignKeyFrom.uniqueAttributes.qualifiedName.split('/def/')[1]]
        : [],
    );
    expect(targets.toSorted()).toEqual(['einzel/bestellungen/id', 'einzel/kunden/land']);
  });

  it('refer to nothing that is dropped meanwhile', async () => {
    await server.query(
      'CREATE TABLE einzel.ziel (id INT PRIMARY KEY, mehr INT); CREATE TABLE einzel.quelle (z INT, CONSTRAINT fort FOREIGN KEY (z) REFERENCES einzel.ziel (id))',
    );
    let times = 0;
    const prepare = (session: SourceSession) => {
      const stream = session.streamSource.bind(session);
      session.streamSource = async (query) => {
        // After the foreign keys have been read, and before the tables.
        const isOfSchemas = query.sql.includes('schema_name');
        if (isOfSchemas) times += 1;
        if (isOfSchemas && times === 1)
          await server.query(
            'ALTER TABLE einzel.quelle DROP FOREIGN KEY fort; ALTER TABLE einzel.ziel DROP PRIMARY KEY; ALTER TABLE einzel.ziel DROP COLUMN id',
          );
        return stream(query);
      };
    };
    await using moved = await extractMysql(server, { details: true, filters, lockPatienceMs: 60, prepare });
    expect(times).toBe(2);
    expect(moved.get('Column', 'einzel/quelle/z')?.attributes).not.toHaveProperty('foreignKeyFrom');
    expect(moved.pathsOf('Column')).toContain('einzel/ziel/mehr');
  });

  it('are what a mirror has', async () => {
    await using mirrored = await extractMysql(server, {
      details: true,
      login: MIRRORED,
      source: { clonedInformationSchema: 'mirror' },
    });
    const columns = mirrored.entities.filter(({ typeName }) => typeName === 'Column');
    expect(columns.length).toBeGreaterThan(20);
    for (const { attributes } of columns) {
      expect(attributes).toHaveProperty('rawDataTypeDefinition');
      expect(attributes).not.toHaveProperty('isIndexed');
    }
  });

  it('are read by a login that may only read', async () => {
    await using read = await extractMysql(server, { details: true, login: READER });
    expect(read.pathsOf('Column').length).toBeGreaterThan(20);
  });
});

const names = [
  'rawDataTypeDefinition',
  'defaultValue',
  'isIndexed',
  'foreignKeyFrom',
  'sqlLanguage',
  'sqlArguments',
  'sqlProcedureReturn',
];

/** A line as it is without details. */
function stripped(line: { typeName: string; attributes: Record<string, unknown> }) {
  const more = line.typeName === 'Procedure' ? names : [...names, 'sourceUpdatedAt'];
  return {
    ...line,
    attributes: Object.fromEntries(Object.entries(line.attributes).filter(([name]) => !more.includes(name))),
  };
}

async function linesOf({ result }: MysqlExtraction): Promise<string[]> {
  const files = result.files.filter(({ form }) => form === 'transformed');
  const texts = await Promise.all(files.map(({ path }) => readFile(path, 'utf8')));
  return texts.flatMap((text) => text.trimEnd().split('\n'));
}
