import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { formatTable } from '../cli/output/output.ts';
import { formatCount } from '../shared/text/format.ts';
import { startPolyteiaStandIn } from '../test/support/polyteia/stand-in/stand-in.ts';
import { startServeProcess } from '../test/support/serve/serve-process.ts';
import { startPostgres } from '../test/support/servers/postgres-server.ts';
import { sourceConfig } from '../test/support/source/source-config.ts';
import { createPostgresLineitem } from './lineitem.ts';
import { type Answers, probeHealth } from './probe-health.ts';

const DATASET = 'ds_meldungen1';
// Of the runs that memory is measured over.
const LARGE_EVERY = 25;
const TOKEN = '0123456789abcdef0123456789abcdef';

/**
 * `npm run bench -- serve [--rows 6000000] [--rate 200] [--seconds 60] [--runs 200]`: what health checks of `ferry
 * serve` wait for while it idles (the floor) and while a sync runs; then memory and file descriptors over many runs in
 * one process, some of them large.
 */
export async function measureServe(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '6000000' },
      rate: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '60' },
      runs: { type: 'string', default: '200' },
    },
  });
  const [rows, rate, seconds, runs] = [values.rows, values.rate, values.seconds, values.runs].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  await using postgres = await startPostgres({ settings: { max_wal_size: '4GB' } });
  await using polyteia = await startPolyteiaStandIn({ datasets: [DATASET] });
  process.stderr.write(`Making ${formatCount(rows, 'row')} in Postgres …\n`);
  await postgres.query(createPostgresLineitem(rows));
  const folder = await mkdtemp(join(tmpdir(), 'ferry bench serve '));
  try {
    const sync = { source: 'erp', dataset: DATASET, whenUnchanged: 'upload' };
    await writeFile(
      join(folder, 'ferry.yaml'),
      stringify({
        version: 1,
        sources: { erp: sourceConfig(postgres, 'erp') },
        polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
        syncs: {
          large: { ...sync, query: 'SELECT * FROM lineitem' },
          small: { ...sync, query: 'SELECT * FROM lineitem LIMIT 1000' },
        },
      }),
    );
    await writeFile(
      join(folder, 'secrets.json'),
      JSON.stringify({
        erp: { username: postgres.user, password: postgres.password },
        polyteia: polyteia.personalAccessKey,
      }),
    );
    await using serve = startServeProcess(
      folder,
      { FERRY_API_TOKEN: TOKEN, FERRY_SECRETS: 'secrets.json', FERRY_API_PORT: '0' },
      ['--max-runs', '2'],
    );
    const health = await serve.health();
    const [, api = ''] = await serve.printed(/API: (http:\S+)/);
    await serve.printed(/only the API starts runs/);
    const idle = await probeHealth({ url: `${health}/healthz`, rate, seconds: 10 });
    const end = new AbortController();
    const busy = runAgainAndAgain(api, 'large', end.signal);
    const loaded = await probeHealth({ url: `${health}/healthz`, rate, seconds });
    end.abort();
    const large = await busy;
    process.stdout.write(
      `${formatTable(
        ['HEALTH CHECKS', 'SENT', 'LOST', 'P50 ms', 'P99 ms', 'MAX ms'],
        [row('idle', idle), row(`${formatCount(large, 'run')} of ${formatCount(rows, 'row')}`, loaded)],
        [1, 2, 3, 4, 5],
      )}\n\n`,
    );
    const table: string[][] = [];
    for (let run = 0; run <= runs; run += 1) {
      if (run % Math.max(1, Math.round(runs / 5)) === 0)
        table.push([String(run), ...(await usage(serve.child.pid ?? 0))]);
      if (run < runs) await runJob(api, run % LARGE_EVERY === LARGE_EVERY - 1 ? 'large' : 'small');
    }
    process.stdout.write(`${formatTable(['RUNS', 'RSS MB', 'FILES', 'THREADS'], table, [0, 1, 2, 3])}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const row = (name: string, { sent, lost, times }: Answers) => [
  name,
  String(sent),
  String(lost),
  ...[0.5, 0.99, 1].map((share) => (times[Math.ceil(times.length * share) - 1] ?? Number.NaN).toFixed(1)),
];

async function runJob(api: string, job: string): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const start = () => fetch(`${api}/jobs/${job}/runs`, { method: 'POST', headers });
  let started = await start();
  // The run before has ended, and its lease is released in a moment.
  for (; started.status === 409; started = await start()) await sleep(50);
  if (started.status !== 202) throw new Error(`${job} was not started: ${await started.text()}`);
  const { runId } = (await started.json()) as { runId: string };
  for (;;) {
    await sleep(50);
    const { state } = (await (await fetch(`${api}/runs/${runId}`, { headers })).json()) as { state: string };
    if (state === 'succeeded') break;
    if (state === 'failed') throw new Error(`The run of ${job} failed.`);
  }
}

async function runAgainAndAgain(api: string, job: string, signal: AbortSignal): Promise<number> {
  let runs = 0;
  while (!signal.aborted) {
    await runJob(api, job);
    runs += 1;
  }
  return runs;
}

async function usage(pid: number): Promise<string[]> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? '';
  const files = (await readdir(`/proc/${pid}/fd`)).length;
  return [String(Math.round(Number(field('VmRSS')) / 1000)), String(files), field('Threads')];
}
