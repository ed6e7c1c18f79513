import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let folder: string;
beforeAll(async () => {
  [postgres, polyteia] = await Promise.all([
    startPostgres(),
    startPolyteiaStandIn({ datasets: ['ds_a', 'ds_b', 'ds_c'] }),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'ferry many ü '));
  await postgres.query('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 100) i');
  await writeFile(
    join(folder, 'secrets.json'),
    JSON.stringify({
      erp: { username: postgres.user, password: postgres.password },
      polyteia: polyteia.personalAccessKey,
    }),
  );
  await writeConfig();
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), polyteia?.stop()]);
  await rm(folder, { recursive: true });
});

/** Two syncs that work, two that fail for one cause, and one that a guard refuses. */
async function writeConfig(source: Record<string, unknown> = {}): Promise<void> {
  const sync = (dataset: string, query: string, more = {}) => ({ source: 'erp', dataset, query, ...more });
  await writeFile(
    join(folder, 'ferry.yaml'),
    stringify({
      version: 1,
      sources: { erp: { ...sourceConfig(postgres, 'erp'), ...source } },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: {
        'hr-none': sync('ds_c', 'SELECT * FROM nowhere'),
        'hr-also-none': sync('ds_c', 'SELECT * FROM nowhere'),
        'erp-orders': sync('ds_a', 'SELECT * FROM orders'),
        'erp-open': sync('ds_b', 'SELECT * FROM orders WHERE id < 10'),
        'erp-few': sync('ds_c', 'SELECT * FROM orders WHERE id < 3', { guards: { minRows: 5 } }),
        'old-orders': sync('ds_c', 'SELECT * FROM orders', {
          schedule: { cron: '0 4 * * *', enabled: false },
        }),
      },
    }),
  );
}

const ferry = (...args: string[]) => runFerry([...args, '--secrets', 'secrets.json'], { folder });
/** The table on stdout: its header, and the first two cells of its rows. */
function tableOf(stdout: string) {
  const [header, ...rows] = stdout.trimStart().split('\n\n')[0]?.split('\n') ?? [];
  return { header, rows: rows.map((row) => row.split(/ {2,}/).slice(0, 2)) };
}

describe('ferry run of several jobs', () => {
  it('ends with one table, failed ones last, each cause once, one exit code', async () => {
    const { exitCode, stdout, stderr } = await ferry('run', '--all', '--parallel', '2');
    expect(exitCode).toBe(1);
    const { header, rows } = tableOf(stdout);
    expect(header).toMatch(/^JOB +STATE +ROWS +SIZE +TIME +WARNINGS$/);
    expect(rows).toEqual([
      ['erp-orders', 'uploaded'],
      ['erp-open', 'uploaded'],
      ['hr-none', 'failed'],
      ['hr-also-none', 'failed'],
      ['erp-few', 'refused'],
    ]);
    expect(stdout.match(/QueryError/g)).toHaveLength(1);
    expect(stdout).toMatch(/\nhr-none, hr-also-none\n {2}QueryError: .*nowhere/);
    expect(stdout).toMatch(/\nerp-few\n {2}GuardError: .*minRows: 5.*\n.*ferry accept /);
    expect(stdout).toMatch(/\n2 of 5 jobs succeeded; 2 failed, 1 refused\.\n$/);
    expect(stderr).toMatch(/^erp-orders uploaded, 100 rows, /m);
    expect(stderr).toContain('Left out, because switched off (enabled: false): old-orders.\n');
    expect(polyteia.datasets.get('ds_c')?.content).toBeUndefined();
  });

  it('takes patterns and names, each job once, in the order of the file', async () => {
    const { exitCode, stdout } = await ferry('run', 'erp-o*', 'erp-orders');
    expect(exitCode).toBe(0);
    expect(tableOf(stdout).rows).toEqual([
      ['erp-orders', 'unchanged'],
      ['erp-open', 'unchanged'],
    ]);
    expect(stdout).toMatch(/\n2 of 2 jobs succeeded\.\n$/);
    const asJson = await ferry('run', 'erp-o*', '--json');
    expect((JSON.parse(asJson.stdout) as { job: string }[]).map(({ job }) => job)).toEqual([
      'erp-orders',
      'erp-open',
    ]);
  });

  it('rehearses all of them into a folder', async () => {
    const { exitCode, stdout } = await ferry('run', 'erp-*', '--dry-run', '--out', 'week/1');
    expect(exitCode).toBe(1);
    expect(tableOf(stdout).rows).toEqual([
      ['erp-orders', 'would send nothing'],
      ['erp-open', 'would send nothing'],
      ['erp-few', 'would be refused'],
    ]);
    expect(stdout).toMatch(
      /\n2 of 3 jobs would succeed\. Nothing was sent or recorded, and Polyteia was not asked: ferry check does that\. The files are in week\/1\.\n$/,
    );
    expect((await readdir(join(folder, 'week/1'))).sort()).toEqual([
      'erp-few.parquet',
      'erp-open.parquet',
      'erp-orders.parquet',
    ]);
  });

  it('keeps to the limit of the source, however many may run at once', async () => {
    await writeConfig({ maxConcurrentRuns: 1 });
    const { stdout } = await ferry('run', 'erp-o*', '--parallel', '4', '--json');
    await writeConfig();
    const runs = JSON.parse(stdout) as { phases: { name: string }[] }[];
    expect(runs.filter(({ phases }) => phases.some(({ name }) => name === 'queued'))).toHaveLength(1);
  });

  it('runs a job that is switched off when it is named', async () => {
    const { stdout } = await ferry('run', 'old-*', '--dry-run');
    expect(tableOf(stdout).rows).toEqual([['old-orders', 'would upload']]);
  });

  // A database that restarts is away for minutes, and the Go connector waited for two.
  it.each([[['erp-orders']], [['erp-orders', 'erp-open']]])(
    'tries %j again, a minute apart, when --tries says so',
    async (jobs) => {
      await writeConfig({ port: 1 });
      const waits: number[] = [];
      const sleep = async (ms: number) => void waits.push(ms);
      const args = ['run', ...jobs, '--tries', '3', '--secrets', 'secrets.json'];
      const { exitCode, stderr } = await runFerry(args, { folder, sleep });
      await writeConfig();
      expect(exitCode).toBe(1);
      expect(stderr).toContain('Trying again in 1 min 00 s.');
      expect(waits).toEqual(jobs.flatMap(() => [60_000, 60_000]));
    },
  );

  it.each([
    [['run'], 'Which job is to run? Name it, or run all of them with --all.'],
    [['run', 'erp-orders', '--all'], 'Give either names or --all.'],
    [['run', 'erp-orders', 'erp-opn'], 'did you mean "erp-open"?'],
    [['run', 'x-*'], '"x-*" matches no job.'],
    [['run', 'erp-*', '--out', 'x'], '--out means nothing for a run of the sync "erp-orders"'],
    [['run', '--all', '--parallel', '0'], 'a number from 1 to 32'],
  ])('refuses %j', async (args, message) => {
    const { exitCode, stderr, stdout } = await ferry(...args);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});
