import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { formatTable } from '../cli/output/output.ts';
import { runRecordSchema } from '../shared/runs/records/run-record.ts';
import { formatCount } from '../shared/text/format.ts';
import { startPolyteiaStandIn } from '../test/support/polyteia/stand-in/stand-in.ts';
import { startMysql } from '../test/support/servers/mysql-server.ts';
import { startPostgres } from '../test/support/servers/postgres-server.ts';
import { sourceConfig } from '../test/support/source/source-config.ts';
import { createMariadbLineitem, createPostgresLineitem } from './lineitem.ts';
import { measureFerry, median } from './measured-process.ts';
import type { FormBySize } from './plot/plot.ts';

/** Of the biggest result, compared with each smaller one. */
const TOLERANCE = 0.1;
const ROWS = [2_000_000, 6_000_000, 24_000_000];

/** The ways in which a result is read. */
const FORMS = [
  { name: 'Postgres, query, one stream', source: 'erp', query: { parallel: 'never' } },
  { name: 'Postgres, query, parallel', source: 'erp', query: { parallel: 'auto' } },
  { name: 'Postgres, duckdbQuery', source: 'erp', duckdbQuery: {} },
  { name: 'MariaDB, query', source: 'shop', query: {} },
  { name: 'MariaDB, duckdbQuery', source: 'shop', duckdbQuery: {} },
] as const;

/**
 * `npm run bench -- memory [--repeat 3] [--rows 2000000,6000000,24000000] [--only postgres] [--save FILE]`: peak resident
 * memory and seconds of `ferry run` by size of the result, in every form, next to a sync of one row, which is the cost
 * of Node and DuckDB without data. With `--save`, the figures are kept for `npm run bench -- plot`.
 */
export async function measureMemory(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      repeat: { type: 'string', default: '3' },
      rows: { type: 'string', default: ROWS.join(',') },
      only: { type: 'string', default: 'postgres,mariadb' },
      save: { type: 'string' },
    },
  });
  // Before hours of measuring, and not after them.
  if (values.save !== undefined) await mkdir(dirname(values.save), { recursive: true });
  const sizes = [1, ...values.rows.split(',').map(Number)];
  const servers = values.only.split(',');
  await using postgres = servers.includes('postgres')
    ? await startPostgres({ settings: { max_wal_size: '4GB' } })
    : undefined;
  await using mariadb = servers.includes('mariadb')
    ? await startMysql({ settings: { innodb_buffer_pool_size: '256M' } })
    : undefined;
  await using polyteia = await startPolyteiaStandIn({ datasets: ['ds_bench'] });
  const forms = FORMS.filter(({ source }) => (source === 'erp' ? postgres : mariadb) !== undefined);
  const folder = await mkdtemp(join(tmpdir(), 'ferry-bench-'));
  try {
    for (const rows of sizes) {
      process.stderr.write(`Making ${formatCount(rows)} rows × 16 columns …\n`);
      await postgres?.query(createPostgresLineitem(rows, tableOf(rows)));
      await mariadb?.query(createMariadbLineitem(rows, tableOf(rows)));
    }
    await postgres?.query('VACUUM (FREEZE, ANALYZE)');
    const syncs = forms.flatMap((form, index) =>
      sizes.map((rows) => [jobOf(index, rows), { ...syncOf(form, rows), dataset: 'ds_bench' }]),
    );
    await writeFile(
      join(folder, 'ferry.yaml'),
      stringify({
        version: 1,
        sources: {
          ...(postgres ? { erp: sourceConfig(postgres, 'erp') } : {}),
          ...(mariadb ? { shop: sourceConfig(mariadb, 'shop') } : {}),
        },
        polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
        syncs: Object.fromEntries(syncs),
      }),
    );
    const login = (server: typeof postgres | typeof mariadb) =>
      server ? { username: server.user, password: server.password } : {};
    const secrets = { erp: login(postgres), shop: login(mariadb), polyteia: polyteia.personalAccessKey };
    await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));

    const measured: FormBySize[] = [];
    for (const [index, { name }] of forms.entries()) {
      for (const rows of sizes) {
        const samples: Awaited<ReturnType<typeof runOnce>>[] = [];
        for (let round = 0; round < Number(values.repeat); round += 1) {
          process.stderr.write(`  ${name}: ${formatCount(rows, 'row')} …\n`);
          samples.push(await runOnce(folder, jobOf(index, rows), rows));
        }
        const of = (key: 'seconds' | 'cpuSeconds' | 'peakMiB') => median(samples.map((each) => each[key]));
        const [seconds, cpuSeconds, peakMiB] = [of('seconds'), of('cpuSeconds'), of('peakMiB')];
        measured.push({ form: name, rows, seconds, cpuSeconds, peakMiB });
      }
    }
    report(measured, Number(values.repeat));
    if (values.save !== undefined) await writeFile(values.save, `${JSON.stringify(measured, null, 2)}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const tableOf = (rows: number) => `lineitem_${rows}`;
const jobOf = (form: number, rows: number) => `form-${form + 1}-rows-${rows}`;

function syncOf(form: (typeof FORMS)[number], rows: number): Record<string, unknown> {
  const { source } = form;
  if (!('query' in form)) return { source, duckdbQuery: `SELECT * FROM db.${tableOf(rows)}` };
  return { source, ...form.query, query: `SELECT * FROM ${tableOf(rows)}` };
}

async function runOnce(
  folder: string,
  job: string,
  rows: number,
): Promise<Pick<FormBySize, 'seconds' | 'cpuSeconds' | 'peakMiB'>> {
  const { stdout, ...taken } = await measureFerry(
    ['run', job, '--secrets', 'secrets.json', '--json'],
    folder,
  );
  const record = runRecordSchema.parse(JSON.parse(stdout));
  if (record.state !== 'succeeded' || record.rows !== rows)
    throw new Error(`The run of ${job} ${record.state}, with ${record.rows} of ${rows} rows.`);
  return taken;
}

function report(measured: readonly FormBySize[], repeat: number): void {
  const rows = measured.map(({ form, rows: count, seconds, cpuSeconds, peakMiB }) => [
    form,
    formatCount(count),
    seconds.toFixed(2),
    cpuSeconds.toFixed(2),
    peakMiB.toFixed(0),
  ]);
  process.stdout.write(
    `\n\`ferry run\` by size of the result (16 columns), median of ${repeat}\n\n${formatTable(
      ['', 'ROWS', 'SECONDS', 'CPU s', 'PEAK MiB'],
      rows,
      [1, 2, 3, 4],
    )}\n\n`,
  );
  for (const [form, all] of Map.groupBy(measured, (each) => each.form)) {
    const peaks = all.filter(({ rows: count }) => count > 1).map(({ peakMiB }) => peakMiB);
    const [first = Number.NaN] = peaks;
    const ratio = (peaks.at(-1) ?? Number.NaN) / first;
    const isFlat = peaks.every((peak) => Math.abs(peak / first - 1) <= TOLERANCE);
    process.stdout.write(
      `Target: memory flat (± ${TOLERANCE * 100} %), ${form}: ${ratio.toFixed(2)} ×, ${isFlat ? 'met' : 'MISSED'}\n`,
    );
  }
}
