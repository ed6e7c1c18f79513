import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { formatTable } from '../cli/output/output.ts';
import { runRecordSchema } from '../shared/runs/records/run-record.ts';
import { formatBytes, formatCount } from '../shared/text/format.ts';
import { startPolyteiaStandIn } from '../test/support/polyteia/stand-in/stand-in.ts';
import { startPostgres } from '../test/support/servers/postgres-server.ts';
import { sourceConfig } from '../test/support/source/source-config.ts';
import { createPostgresLineitem } from './lineitem.ts';
import { measureFerry, median } from './measured-process.ts';

const TARGET_MIB = 300;
const TOLERANCE = 0.15;
const MEASURED_ROWS = [2_000_000, 6_000_000, 12_000_000];
/** The size that the others are compared with. */
const REFERENCE_ROWS = 6_000_000;

interface Sample {
  peakMiB: number;
  seconds: number;
  bytes: number;
}

/**
 * `npm run bench -- memory [--repeat 3] [--max-rows 12000000]`: peak resident memory of `ferry run` by size of the
 * result, next to that of a sync of one row, which is the cost of Node and DuckDB without data.
 */
export async function measureMemory(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      repeat: { type: 'string', default: '3' },
      'max-rows': { type: 'string', default: '12000000' },
    },
  });
  const sizes = MEASURED_ROWS.filter((rows) => rows <= Number(values['max-rows']));
  await using postgres = await startPostgres({ settings: { max_wal_size: '4GB' } });
  await using polyteia = await startPolyteiaStandIn({ datasets: ['ds_bench'] });
  const folder = await mkdtemp(join(tmpdir(), 'ferry-bench-'));
  try {
    process.stderr.write(
      `Making ${formatCount(sizes.at(-1) ?? 1)} rows × 16 columns in Postgres ${postgres.version} …\n`,
    );
    await postgres.query(createPostgresLineitem(sizes.at(-1) ?? 1));
    const query = (rows: number) => `SELECT * FROM lineitem WHERE l_rowid <= ${rows}`;
    const { user: username, password } = postgres;
    const syncs = [1, ...sizes].map((rows) => [
      `rows-${rows}`,
      { source: 'erp', query: query(rows), dataset: 'ds_bench' },
    ]);
    await writeFile(
      join(folder, 'ferry.yaml'),
      stringify({
        version: 1,
        sources: { erp: sourceConfig(postgres, 'erp') },
        polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
        syncs: Object.fromEntries(syncs),
      }),
    );
    const secrets = { erp: { username, password }, polyteia: polyteia.personalAccessKey };
    await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));

    const results = new Map<number, Sample>();
    for (const rows of [1, ...sizes]) {
      const samples: Sample[] = [];
      for (let round = 0; round < Number(values.repeat); round += 1)
        samples.push(await runOnce(folder, rows));
      results.set(rows, {
        peakMiB: median(samples.map(({ peakMiB }) => peakMiB)),
        seconds: median(samples.map(({ seconds }) => seconds)),
        bytes: samples[0]?.bytes ?? 0,
      });
    }
    report(results, Number(values.repeat));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runOnce(folder: string, rows: number): Promise<Sample> {
  process.stderr.write(`  ${formatCount(rows, 'row')} …\n`);
  const { stdout, peakMiB } = await measureFerry(
    ['run', `rows-${rows}`, '--secrets', 'secrets.json', '--json'],
    folder,
  );
  const record = runRecordSchema.parse(JSON.parse(stdout));
  if (record.state !== 'succeeded' || record.rows !== rows)
    throw new Error(`The run of ${rows} rows ${record.state}.`);
  return { peakMiB, seconds: (record.durationMs ?? 0) / 1000, bytes: record.bytes ?? 0 };
}

function report(results: ReadonlyMap<number, Sample>, repeat: number): void {
  const floor = results.get(1)?.peakMiB ?? Number.NaN;
  const reference = results.get(REFERENCE_ROWS)?.peakMiB ?? Number.NaN;
  const rows = [...results].map(([count, { peakMiB, seconds, bytes }]) => [
    formatCount(count),
    formatBytes(bytes),
    seconds.toFixed(2),
    peakMiB.toFixed(0),
    (peakMiB / floor).toFixed(2),
    (peakMiB / reference).toFixed(2),
  ]);
  const header = [
    'ROWS × 16',
    'PARQUET',
    'SECONDS',
    'PEAK MiB',
    '÷ ONE ROW',
    `÷ ${formatCount(REFERENCE_ROWS)}`,
  ];
  process.stdout.write(`\nPeak resident memory of \`ferry run\`, median of ${repeat}\n\n`);
  process.stdout.write(`${formatTable(header, rows, [0, 1, 2, 3, 4, 5])}\n\n`);
  const flat = [...results]
    .filter(([count]) => count > 1)
    .every(([, { peakMiB }]) => Math.abs(peakMiB / reference - 1) <= TOLERANCE);
  process.stdout.write(
    `Target: ${formatCount(REFERENCE_ROWS)} rows in ${TARGET_MIB} MiB: ${reference <= TARGET_MIB ? 'met' : 'MISSED'}; `,
  );
  process.stdout.write(`the same at every size (± ${TOLERANCE * 100} %): ${flat ? 'met' : 'MISSED'}\n`);
}
