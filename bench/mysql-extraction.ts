import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { formatCount } from '../shared/text/format.ts';
import { startGeneralLog, takeGeneralLog } from '../test/support/servers/general-log.ts';
import { type MysqlServer, startMysql } from '../test/support/servers/mysql-server.ts';
import { sourceConfig } from '../test/support/source/source-config.ts';
import { createSmallTables, measureFixedCosts, SMALL_ENTITIES } from './extraction-fixed.ts';
import { type Measured, report, runOnce, type Sample } from './extraction-report.ts';
import { median } from './measured-process.ts';

/** The types of real tables, alternating. */
const TYPES = [
  'int',
  'text',
  'varchar(255)',
  'decimal(12,2)',
  'timestamp NULL',
  'tinyint(1) DEFAULT 0',
  'bigint',
  'date',
  'json',
  'decimal(10,3)',
];
const COLUMNS = 100;
const SCHEMAS = 10;
const TABLES_AT_ONCE = 100;

const jobOf = (tables: number) => `assets_${tables}`;
/** The tables with their columns, the schemas, the database. */
const entitiesOf = (tables: number) => tables * (COLUMNS + 2) + SCHEMAS + 1;

/** `ferry run` of an extraction of MySQL or MariaDB, by size of the catalog: tables of 101 columns in ten schemas. */
export async function measureMysqlExtraction(
  flavor: 'mariadb' | 'mysql',
  sizes: readonly number[],
  { databases, repeat }: { databases: number; repeat: number },
): Promise<void> {
  await using server = await startMysql({ flavor, settings: { 'open-files-limit': '20000' } });
  const folder = await mkdtemp(join(tmpdir(), 'ferry-bench-'));
  try {
    if (databases > 0) await measureFixed(folder, server, databases, repeat);
    await configure(folder, server, sizes);
    const samples: Sample[] = [];
    for (const tables of sizes) {
      await createCatalog(server, tables);
      const measured: Measured[] = [];
      for (let round = 0; round < repeat; round += 1)
        measured.push(await runOnce(folder, jobOf(tables), entitiesOf(tables)));
      const of = (key: keyof Measured) => median(measured.map((sample) => sample[key]));
      samples.push({
        tables,
        entities: of('entities'),
        seconds: of('seconds'),
        cpuSeconds: of('cpuSeconds'),
        peakMiB: of('peakMiB'),
        statements: await countStatements(folder, server, tables),
      });
    }
    report(samples, `${flavor === 'mysql' ? 'MySQL' : 'MariaDB'} ${server.version}`, repeat);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A database of Atlan's is a whole server here, so many sources read the same one, each one of its schemas. */
async function measureFixed(
  folder: string,
  server: MysqlServer,
  databases: number,
  repeat: number,
): Promise<void> {
  const names = Array.from({ length: databases }, (_, index) => `many_${index + 1}`);
  process.stderr.write(`Making ${formatCount(databases, 'schema')} …\n`);
  await server.query('CREATE DATABASE nothing');
  for (const name of names)
    await server.query(`CREATE DATABASE ${name}; USE ${name};\n${createSmallTables()}`);
  await server.query(`USE ${server.database}`);
  const sourceOf = (database: string) => ({
    ...sourceConfig({ ...server, database }, 'login'),
    connection: { qualifiedName: `default/mysql/${database}` },
  });
  const jobs = [
    { name: 'empty', databases: 1, entities: 2 },
    { name: 'many', databases, entities: databases * SMALL_ENTITIES },
  ] as const;
  await writeFile(
    join(folder, 'ferry.yaml'),
    stringify({
      version: 1,
      sources: Object.fromEntries(['nothing', ...names].map((name) => [name, sourceOf(name)])),
      extractions: {
        empty: { sources: ['nothing'], include: { '^def$': ['^nothing$'] } },
        many: { sources: ['many_*'], include: { '^def$': ['^many_1$'] } },
      },
    }),
  );
  await writeFile(
    join(folder, 'secrets.json'),
    JSON.stringify({ login: { username: server.user, password: server.password } }),
  );
  const name = `${server.flavor === 'mysql' ? 'MySQL' : 'MariaDB'} ${server.version}`;
  await measureFixedCosts(folder, jobs, { repeat, server: server.pid, name });
}

async function createCatalog(server: MysqlServer, tables: number): Promise<void> {
  process.stderr.write(`Making ${formatCount(tables)} tables of 101 columns …\n`);
  const schemaOf = (number: number) => `${jobOf(tables)}_${(number % SCHEMAS) + 1}`;
  for (let number = 0; number < SCHEMAS; number += 1)
    await server.query(`CREATE DATABASE ${schemaOf(number)}`);
  const columns = Array.from(
    { length: COLUMNS },
    (_, index) => `column_${index + 1} ${TYPES[index % TYPES.length]}`,
  ).join(', ');
  for (let first = 0; first < tables; first += TABLES_AT_ONCE) {
    const numbers = Array.from(
      { length: Math.min(TABLES_AT_ONCE, tables - first) },
      (_, index) => first + index,
    );
    await server.query(
      numbers
        .map(
          (number) =>
            `CREATE TABLE ${schemaOf(number)}.assets_${number + 1} (id bigint PRIMARY KEY, ${columns});`,
        )
        .join('\n'),
    );
  }
}

async function configure(folder: string, server: MysqlServer, sizes: readonly number[]): Promise<void> {
  await writeFile(
    join(folder, 'ferry.yaml'),
    stringify({
      version: 1,
      sources: { assets: sourceConfig(server, 'login') },
      extractions: Object.fromEntries(
        sizes.map((tables) => [
          jobOf(tables),
          { sources: ['assets'], include: { '^def$': [`^${jobOf(tables)}_\\d+$`] } },
        ]),
      ),
    }),
  );
  const login = { username: server.user, password: server.password };
  await writeFile(join(folder, 'secrets.json'), JSON.stringify({ login }));
}

/** At the server, from its log, which costs time and so is only written for this run. */
async function countStatements(folder: string, server: MysqlServer, tables: number): Promise<number> {
  await startGeneralLog(server);
  await takeGeneralLog(server);
  await runOnce(folder, jobOf(tables), entitiesOf(tables));
  const connections = await takeGeneralLog(server);
  await server.query('SET GLOBAL general_log = 0');
  return connections.reduce((sum, { ran }) => sum + ran.length, 0);
}
