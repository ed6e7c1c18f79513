import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { stringify } from 'yaml';
import { formatTable } from '../cli/output/output.ts';
import { runRecordSchema } from '../shared/runs/records/run-record.ts';
import { formatCount } from '../shared/text/format.ts';
import { type PostgresServer, startPostgres } from '../test/support/servers/postgres-server.ts';
import { sourceConfig } from '../test/support/source/source-config.ts';
import { createAssets } from './assets.ts';
import { measureFerry, median } from './measured-process.ts';

const POSTGRES_15 = '15';
const TABLES = [1_000, 10_000];
/** Of the smaller catalog. */
const TARGET = { seconds: 3, peakMiB: 350 };
/** Of the one that is ten times bigger, compared with the smaller one. */
const TARGET_MEMORY_RATIO = 1.5;

interface Sample {
  tables: number;
  /** Whether the server's planner knows the sizes of its own catalog; otherwise it guesses, and chooses other plans. */
  analysed: boolean;
  entities: number;
  seconds: number;
  cpuSeconds: number;
  peakMiB: number;
  /** The server's log of one run. */
  statements: number;
}

/**
 * `npm run bench -- extraction [--repeat 3] [--max-tables 10000] [--binaries FOLDER]`: `ferry run` of an extraction,
 * from the start to the end of the process, by size of the catalog. The floor is a database without tables: the cost of
 * Node, DuckDB and the run itself. Each catalog is read twice: as it was created, and after ANALYZE.
 */
export async function measureExtraction(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      repeat: { type: 'string', default: '3' },
      'max-tables': { type: 'string', default: String(TABLES.at(-1)) },
      binaries: { type: 'string', default: POSTGRES_15 },
    },
  });
  const sizes = [0, ...TABLES.filter((tables) => tables <= Number(values['max-tables']))];
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
    for (const tables of sizes) await createCatalog(postgres, tables);
    await configure(folder, postgres, sizes);
    const samples: Sample[] = [];
    for (const tables of sizes) {
      for (const analysed of [false, true]) {
        if (analysed) await inDatabase(postgres, tables, ['ANALYZE']);
        const measured: Measured[] = [];
        for (let round = 0; round < Number(values.repeat); round += 1)
          measured.push(await runOnce(folder, tables));
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

type Measured = Omit<Sample, 'tables' | 'analysed' | 'statements'>;

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

async function runOnce(folder: string, tables: number): Promise<Measured> {
  process.stderr.write(`  ${formatCount(tables, 'table')} …\n`);
  const out = join(folder, 'out');
  const { stdout, seconds, cpuSeconds, peakMiB } = await measureFerry(
    ['run', databaseOf(tables), '--secrets', 'secrets.json', '--out', out, '--json'],
    folder,
  );
  const record = runRecordSchema.parse(JSON.parse(stdout));
  await rm(out, { recursive: true, force: true });
  // The tables with their columns, eleven schemas, the database.
  const expected = tables * 102 + 12;
  if (record.state !== 'succeeded' || record.rows !== expected)
    throw new Error(
      `The run of ${tables} tables ${record.state}, with ${record.rows} of ${expected} entities.`,
    );
  return { entities: expected, seconds, cpuSeconds, peakMiB };
}

/** At the server, from its log, which costs time and so is only written for this run. */
async function countStatements(folder: string, postgres: PostgresServer, tables: number): Promise<number> {
  const database = databaseOf(tables);
  await postgres.query(`ALTER DATABASE ${database} SET log_statement = 'all'`);
  const before = (await readFile(postgres.logFile)).length;
  await runOnce(folder, tables);
  await postgres.query(`ALTER DATABASE ${database} RESET log_statement`);
  const log = (await readFile(postgres.logFile)).subarray(before).toString();
  return log.match(/LOG: {2}(statement|execute [^:]*):/g)?.length ?? 0;
}

/** The worst measurement of one catalog. */
function worst(
  samples: readonly Sample[],
): { entities: number; seconds: number; peakMiB: number } | undefined {
  const [first] = samples;
  if (!first) return undefined;
  const most = (key: 'seconds' | 'peakMiB') => Math.max(...samples.map((sample) => sample[key]));
  return { entities: first.entities, seconds: most('seconds'), peakMiB: most('peakMiB') };
}

function report(samples: readonly Sample[], server: string, repeat: number): void {
  const [small, big] = TABLES.map((tables) => worst(samples.filter((sample) => sample.tables === tables)));
  const rows = samples.map(({ tables, analysed, entities, seconds, cpuSeconds, peakMiB, statements }) => [
    formatCount(tables),
    analysed ? 'yes' : 'no',
    formatCount(entities),
    seconds.toFixed(2),
    cpuSeconds.toFixed(2),
    formatCount(Math.round(entities / seconds)),
    peakMiB.toFixed(0),
    String(statements),
  ]);
  const header = [
    'TABLES × 101',
    'ANALYSED',
    'ENTITIES',
    'SECONDS',
    'CPU s',
    'ENTITIES/s',
    'PEAK MiB',
    'STATEMENTS',
  ];
  const lines = [
    '',
    `\`ferry run\` of an extraction from ${server}, median of ${repeat}`,
    '',
    formatTable(header, rows, [0, 2, 3, 4, 5, 6, 7]),
    '',
  ];
  const verdict = (target: string, value: string, met: boolean) =>
    lines.push(`Target: ${target}: ${value}, ${met ? 'met' : 'MISSED'}`);
  if (small) {
    verdict(`at most ${TARGET.seconds} s`, `${small.seconds.toFixed(2)} s`, small.seconds <= TARGET.seconds);
    const memory = small.peakMiB;
    verdict(`at most ${TARGET.peakMiB} MiB`, `${memory.toFixed(0)} MiB`, memory <= TARGET.peakMiB);
  }
  if (small && big) {
    const [time, size] = [big.seconds / small.seconds, big.entities / small.entities];
    const memory = big.peakMiB / small.peakMiB;
    verdict(`time no more than linear (${size.toFixed(1)} ×)`, `${time.toFixed(1)} ×`, time <= size);
    verdict(
      `memory at most ${TARGET_MEMORY_RATIO} ×`,
      `${memory.toFixed(2)} ×`,
      memory <= TARGET_MEMORY_RATIO,
    );
  }
  const counts = new Set(samples.map(({ statements }) => statements));
  verdict('as many statements for every catalog', [...counts].join(', '), counts.size === 1);
  process.stdout.write(`${lines.join('\n')}\n`);
}
