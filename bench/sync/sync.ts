import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { formatTable } from '../../cli/output/output.ts';
import { openDuckdb } from '../../shared/duckdb/open-duckdb.ts';
import { formatCount } from '../../shared/text/format.ts';
import { startPolyteiaStandIn } from '../../test/support/polyteia/stand-in/stand-in.ts';
import { benchmarkEnvironment } from '../../test/support/processes/python.ts';
import { startMysql } from '../../test/support/servers/mysql-server.ts';
import { startPostgres } from '../../test/support/servers/postgres-server.ts';
import { sourceConfig } from '../../test/support/source/source-config.ts';
import { type CpuShare, shareOfCpu } from '../cpu-share.ts';
import { createMariadbLineitem, createPostgresLineitem, createPostgresMixed } from '../lineitem.ts';
import { cpuTimes, FLAGS, type MeasuredProcess, measureProcess, median } from '../measured-process.ts';
import { type Contender, mysqlContenders, postgresContenders } from './contenders.ts';
import { type GoConnectorJob, goConnector } from './go-connector.ts';
import { measureWarm, warmJobs } from './warm.ts';

const DATASET = 'ds_bench';
/** More than a run of the Go connector takes with a whole processor, for each million rows. */
const GO_CONNECTOR_SECONDS = { postgres: 8, mixed: 20, small: 0, mariadb: 20 } as const;
const LEAST_GO_CONNECTOR_SECONDS = 2;
const LAUNCHER = fileURLToPath(new URL('../../scripts/ferry.mjs', import.meta.url));

interface Work {
  name: string;
  rows: number;
  contenders: Contender[];
  /** The process id of the server. */
  server: number;
  /** What each file must hold: the number of rows and the sum of l_rowid. */
  expected: readonly [rows: number, sum: bigint];
}

interface Sample extends MeasuredProcess {
  serverCpuSeconds: number;
}

/**
 * `npm run bench -- sync [--rows 6000000] [--mixed-rows 1000000] [--repeat 3] [--peers none] [--only postgres,mixed,mariadb,small]
 * [--client-cpu 0.5] [--go-connector PATH]`:
 * seconds, processor time and memory of a sync from the start to the end of the process, with its upload, beside floors
 * and other programs, in turns. Every file is checked. `--client-cpu` holds the
 * clients, not the servers, to so many processors (as root); `--go-connector` is the path of that program.
 */
export async function measureSync(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '6000000' },
      'mixed-rows': { type: 'string', default: '1000000' },
      repeat: { type: 'string', default: '3' },
      peers: { type: 'string', default: 'all' },
      only: { type: 'string', default: 'postgres,mixed,small,mariadb' },
      'client-cpu': { type: 'string' },
      'go-connector': { type: 'string' },
    },
  });
  const [rows, mixedRows, repeat] = [values.rows, values['mixed-rows'], values.repeat].map(Number) as [
    number,
    number,
    number,
  ];
  const wanted = new Set(values.only.split(','));
  using share = values['client-cpu'] === undefined ? undefined : shareOfCpu(Number(values['client-cpu']));
  const python = values.peers === 'none' ? undefined : (await benchmarkEnvironment()).python;
  const folder = await mkdtemp(join(tmpdir(), 'ferry bench sync '));
  await using polyteia = await startPolyteiaStandIn({ datasets: [DATASET], takesUntypedParts: true });
  await using postgres = await startPostgres({ settings: { max_wal_size: '4GB', shared_buffers: '256MB' } });
  await using mariadb = wanted.has('mariadb')
    ? await startMysql({ settings: { innodb_buffer_pool_size: '256M' } })
    : undefined;
  try {
    const tables = (
      [
        { name: 'postgres', table: 'lineitem', rows },
        { name: 'mixed', table: 'mixed', rows: mixedRows },
        { name: 'small', table: 'small', rows: 1_000 },
      ] as const
    ).filter(({ name }) => wanted.has(name));
    process.stderr.write('Making the data …\n');
    if (wanted.has('postgres')) await postgres.query(createPostgresLineitem(rows));
    if (wanted.has('small')) await postgres.query(createPostgresLineitem(1_000, 'small'));
    if (wanted.has('mixed')) await postgres.query(createPostgresMixed(mixedRows));
    await postgres.query('VACUUM (FREEZE, ANALYZE)');
    await mariadb?.query(createMariadbLineitem(rows));

    const jobs: { name: string; table: string; source: string }[] = tables.map(({ name, table }) => ({
      name,
      table,
      source: 'erp',
    }));
    if (mariadb) jobs.push({ name: 'mariadb', table: 'lineitem', source: 'shop' });
    await writeFile(
      join(folder, 'ferry.yaml'),
      stringify({
        version: 1,
        sources: {
          erp: sourceConfig(postgres, 'erp'),
          ...(mariadb ? { shop: sourceConfig(mariadb, 'shop') } : {}),
        },
        polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
        syncs: Object.fromEntries(
          jobs.flatMap(({ name, table, source }): [string, object][] => {
            const common = { source, dataset: DATASET, whenUnchanged: 'upload' };
            return [
              [`${name}-query`, { ...common, query: `SELECT * FROM ${table}` }],
              [`${name}-duckdb`, { ...common, duckdbQuery: `SELECT * FROM db.${table}` }],
              [`${name}-skip`, { ...common, query: `SELECT * FROM ${table}`, whenUnchanged: 'skip' }],
              ...(name === 'small' ? warmSyncs(common, table) : []),
            ];
          }),
        ),
      }),
    );
    await writeFile(
      join(folder, 'secrets.json'),
      JSON.stringify({
        erp: { username: postgres.user, password: postgres.password },
        ...(mariadb ? { shop: { username: mariadb.user, password: mariadb.password } } : {}),
        polyteia: polyteia.personalAccessKey,
      }),
    );

    const goConnectorOf = async (
      name: keyof typeof GO_CONNECTOR_SECONDS,
      server: GoConnectorJob['server'],
      { table, rows: count }: { table: string; rows: number },
    ): Promise<Contender[]> => {
      const binary = values['go-connector'];
      const uploads = () => polyteia.datasets.get(DATASET)?.uploads ?? 0;
      return binary === undefined
        ? []
        : [
            await goConnector(resolve(binary), {
              type: name === 'mariadb' ? 'mysql' : 'postgres',
              server,
              table,
              dataset: DATASET,
              polyteia,
              uploads,
              everySeconds: Math.ceil(
                (LEAST_GO_CONNECTOR_SECONDS + (GO_CONNECTOR_SECONDS[name] * count) / 1_000_000) /
                  Number(values['client-cpu'] ?? 1),
              ),
            }),
          ];
    };
    const works: Work[] = [];
    for (const { name, table, rows: count } of tables) {
      const others = await postgresContenders(postgres, { table, folder }, python);
      others.push(...(await goConnectorOf(name, postgres, { table, rows: count })));
      works.push(workOf(name, count, [...others, ...ferryContenders(name)], postgres.pid));
    }
    if (mariadb) {
      const others = await mysqlContenders(mariadb, { table: 'lineitem', folder }, python);
      others.push(...(await goConnectorOf('mariadb', mariadb, { table: 'lineitem', rows })));
      works.push(workOf('mariadb', rows, [...others, ...ferryContenders('mariadb')], mariadb.pid));
    }
    for (const work of works) {
      const uploaded = () => polyteia.datasets.get(DATASET)?.content?.file ?? '';
      const samples = await measureWork(work, { folder, repeat, share }, uploaded);
      report(work, samples, repeat);
      if (work.name === 'small') await measureWarm(folder, ['query', 'duckdb']);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function workOf(name: string, rows: number, contenders: Contender[], server: number): Work {
  return { name, rows, contenders, server, expected: [rows, (BigInt(rows) * BigInt(rows + 1)) / 2n] };
}

/** Each form of a sync, as its own process. */
function ferryContenders(name: string): Contender[] {
  const forms = [
    ['query', 'Ferry, query'],
    ['duckdb', 'Ferry, duckdbQuery'],
    ['skip', 'Ferry, query, fingerprint'],
  ] as const;
  return forms.map(([form, label]) => ({
    name: label,
    kind: 'ferry',
    uploads: true,
    command: [
      process.execPath,
      ...FLAGS,
      LAUNCHER,
      'run',
      `${name}-${form}`,
      '--secrets',
      'secrets.json',
      '--json',
    ],
  }));
}

/** In turns, so that whatever else the machine does meets all of them. */
async function measureWork(
  work: Work,
  { folder, repeat, share }: { folder: string; repeat: number; share: CpuShare | undefined },
  uploadedFile: () => string,
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>();
  const failed = new Set<string>();
  for (let round = 0; round < repeat; round += 1) {
    for (const contender of work.contenders) {
      if (failed.has(contender.name)) continue;
      process.stderr.write(`  ${work.name}, round ${round + 1}: ${contender.name} …\n`);
      const before = await cpuTimes(work.server);
      const measured = await measureContender(contender, folder, share);
      const after = await cpuTimes(work.server);
      if (measured.exitCode !== 0) {
        if (contender.kind === 'ferry') throw new Error(`${contender.name} failed: ${measured.stdout}`);
        process.stderr.write(`  ${contender.name} failed, and is left out.\n`);
        failed.add(contender.name);
        continue;
      }
      const file = contender.uploads ? uploadedFile() : contender.file;
      if (file !== undefined) await assertComplete(file, work, contender.name);
      if (contender.file !== undefined) await rm(contender.file, { force: true });
      const serverCpuSeconds = after.own + after.children - before.own - before.children;
      samples.set(contender.name, [
        ...(samples.get(contender.name) ?? []),
        { ...measured, serverCpuSeconds },
      ]);
    }
  }
  return samples;
}

async function measureContender(
  { command, environment, until }: Contender,
  folder: string,
  share: CpuShare | undefined,
): Promise<MeasuredProcess> {
  await until?.begin();
  const held = share?.wrap(command) ?? command;
  const measured = await measureProcess(held, folder, environment, until);
  return { ...measured, seconds: measured.seconds - (until?.waitSeconds ?? 0) };
}

/** The same sync under many names, in both forms. */
function warmSyncs(common: object, table: string): [string, object][] {
  return [
    ...warmJobs('query').map((job): [string, object] => [
      job,
      { ...common, query: `SELECT * FROM ${table}` },
    ]),
    ...warmJobs('duckdb').map((job): [string, object] => [
      job,
      { ...common, duckdbQuery: `SELECT * FROM db.${table}` },
    ]),
  ];
}

async function assertComplete(file: string, { expected: [rows, sum] }: Work, name: string): Promise<void> {
  const instance = await openDuckdb({});
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      'SELECT count(*), sum(CAST(l_rowid AS HUGEINT)) FROM read_parquet($1)',
      [file],
    );
    const [count, total] = reader.getRowsJS()[0] ?? [];
    if (Number(count) !== rows || BigInt(String(total)) !== sum)
      throw new Error(`${name} wrote ${count} rows instead of ${rows}, or other ones.`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function report({ name, rows, contenders }: Work, samples: Map<string, Sample[]>, repeat: number): void {
  const of = (each: string, key: keyof Sample) =>
    median((samples.get(each) ?? []).map((sample) => Number(sample[key])));
  const measured = contenders.filter((contender) => samples.has(contender.name));
  const floor = measured.find(({ kind }) => kind === 'floor');
  const table = measured.map((contender) => [
    contender.name,
    of(contender.name, 'seconds').toFixed(2),
    floor ? (of(contender.name, 'seconds') / of(floor.name, 'seconds')).toFixed(2) : '–',
    of(contender.name, 'cpuSeconds').toFixed(2),
    of(contender.name, 'serverCpuSeconds').toFixed(2),
    of(contender.name, 'peakMiB').toFixed(0),
  ]);
  process.stdout.write(
    `\n${name}: ${formatCount(rows, 'row')}, median of ${repeat}\n\n${formatTable(
      ['', 'SECONDS', '÷ FLOOR', 'CPU s', 'SERVER CPU s', 'PEAK MiB'],
      table,
      [1, 2, 3, 4, 5],
    )}\n`,
  );
}
