import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { stringify } from 'yaml';
import { formatCount } from '../shared/text/format.ts';
import { type PostgresServer, startPostgres } from '../test/support/servers/postgres-server.ts';
import { sourceConfig } from '../test/support/source/source-config.ts';
import { createAssets } from './assets.ts';
import { createSmallTables, measureFixedCosts, SMALL_ENTITIES } from './extraction-fixed.ts';
import { type Measured, report, runOnce, type Sample, TABLES } from './extraction-report.ts';
import { median } from './measured-process.ts';
import { measureMysqlExtraction } from './mysql-extraction.ts';

const POSTGRES_15 = '15';
/**
 * `npm run bench -- extraction [--source postgres] [--repeat 3] [--max-tables 10000] [--databases 300] [--binaries FOLDER]`: `ferry run` of
 * an extraction, from the start to the end of the process, by size of the catalog. `--source` may be mariadb or mysql
 * (mysql-extraction.ts). The floor is a database without tables: the cost of
 * Node, DuckDB and the run itself. Each catalog is read twice: as it was created, and after ANALYZE. Before that, the fixed costs (extraction-fixed.ts).
 */
export async function measureExtraction(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      source: { type: 'string', default: 'postgres' },
      repeat: { type: 'string', default: '3' },
      'max-tables': { type: 'string', default: String(TABLES.at(-1)) },
      databases: { type: 'string', default: '300' },
      binaries: { type: 'string', default: POSTGRES_15 },
    },
  });
  const sizes = [0, ...TABLES.filter((tables) => tables <= Number(values['max-tables']))];
  const databases = Number(values.databases);
  if (values.source === 'mariadb' || values.source === 'mysql')
    return measureMysqlExtraction(values.source, sizes, { databases, repeat: Number(values.repeat) });
  await using postgres = await startPostgres({
    binaries: values.binaries,
    settings: {
      max_wal_size: '4GB',
      wal_level: 'minimal',
      max_wal_senders: '0',
      max_locks_per_transaction: '256',
      // Analysed when its turn comes.
      autovacuum: 'off',
    },
  });
  const folder = await mkdtemp(join(tmpdir(), 'ferry-bench-'));
  try {
    if (databases > 0) await measureFixed(folder, postgres, databases, Number(values.repeat));
    for (const tables of sizes) await createCatalog(postgres, tables);
    await configure(folder, postgres, sizes);
    const samples: Sample[] = [];
    for (const tables of sizes) {
      for (const analysed of [false, true]) {
        if (analysed) await inDatabase(postgres, tables, ['ANALYZE']);
        const measured: Measured[] = [];
        for (let round = 0; round < Number(values.repeat); round += 1)
          measured.push(await runOnce(folder, databaseOf(tables), entitiesOf(tables)));
        const of = (key: keyof Measured) => median(measured.map((sample) => sample[key]));
        samples.push({
          tables,
          analysed,
          entities: of('entities'),
          seconds: of('seconds'),
          cpuSeconds: of('cpuSeconds'),
          peakMiB: of('peakMiB'),
          statements: await countStatements(folder, postgres, tables),
        });
      }
    }
    report(samples, `Postgres ${postgres.version}`, Number(values.repeat));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureFixed(
  folder: string,
  postgres: PostgresServer,
  databases: number,
  repeat: number,
): Promise<void> {
  process.stderr.write(`Making ${formatCount(databases, 'database')} …\n`);
  await postgres.query('CREATE DATABASE empty');
  await postgres.query('CREATE DATABASE many_1');
  const { host, port, user, password } = postgres;
  const client = new pg.Client({ host, port, user, password, database: 'many_1' });
  await client.connect();
  await client.query(createSmallTables());
  await client.end();
  for (let number = 2; number <= databases; number += 1)
    await postgres.query(`CREATE DATABASE many_${number} TEMPLATE many_1`);
  await writeFile(
    join(folder, 'ferry.yaml'),
    stringify({
      version: 1,
      sources: { empty: sourceConfig({ ...postgres, database: 'empty' }, 'login') },
      extractions: {
        empty: { sources: ['empty'] },
        many: { sources: ['empty'], databases: 'all', include: { '^many_\\d+$': [] } },
      },
    }),
  );
  await writeFile(join(folder, 'secrets.json'), JSON.stringify({ login: { username: user, password } }));
  const jobs = [
    { name: 'empty', databases: 1, entities: 2 },
    { name: 'many', databases, entities: databases * SMALL_ENTITIES },
  ] as const;
  await measureFixedCosts(folder, jobs, {
    repeat,
    server: postgres.pid,
    name: `Postgres ${postgres.version}`,
  });
}

/** The tables with their columns, eleven schemas, the database. */
const entitiesOf = (tables: number) => tables * 102 + 12;
const databaseOf = (tables: number) => `assets_${tables}`;

async function createCatalog(postgres: PostgresServer, tables: number): Promise<void> {
  process.stderr.write(`Making ${formatCount(tables)} tables of 101 columns …\n`);
  await postgres.query(`CREATE DATABASE ${databaseOf(tables)}`);
  await inDatabase(postgres, tables, createAssets(tables));
}

async function inDatabase(
  postgres: PostgresServer,
  tables: number,
  statements: Iterable<string>,
): Promise<void> {
  const { host, port, user, password } = postgres;
  const client = new pg.Client({ host, port, user, password, database: databaseOf(tables) });
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
  } finally {
    await client.end();
  }
}

async function configure(folder: string, postgres: PostgresServer, sizes: readonly number[]): Promise<void> {
  const databases = sizes.map(databaseOf);
  await writeFile(
    join(folder, 'ferry.yaml'),
    stringify({
      version: 1,
      sources: Object.fromEntries(
        databases.map((database) => [database, sourceConfig({ ...postgres, database }, 'login')]),
      ),
      extractions: Object.fromEntries(databases.map((database) => [database, { sources: [database] }])),
    }),
  );
  const login = { username: postgres.user, password: postgres.password };
  await writeFile(join(folder, 'secrets.json'), JSON.stringify({ login }));
}

/** At the server, from its log, which costs time and so is only written for this run. */
async function countStatements(folder: string, postgres: PostgresServer, tables: number): Promise<number> {
  const database = databaseOf(tables);
  await postgres.query(`ALTER DATABASE ${database} SET log_statement = 'all'`);
  const before = (await readFile(postgres.logFile)).length;
  await runOnce(folder, database, entitiesOf(tables));
  await postgres.query(`ALTER DATABASE ${database} RESET log_statement`);
  const log = (await readFile(postgres.logFile)).subarray(before).toString();
  return log.match(/LOG: {2}(statement|execute [^:]*):/g)?.length ?? 0;
}
