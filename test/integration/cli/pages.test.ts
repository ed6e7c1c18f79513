import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FerryResult, runFerry } from '../../support/cli/ferry-command.ts';
import { shellBlocksOf } from '../../support/cli/shell-blocks.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// The commands of the pages that people follow first, in their order, against a real database.

const DATASET = 'ds_cv4t2cf0i6q1gflvu4m0';

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let folder: string;
beforeAll(async () => {
  [postgres, polyteia] = await Promise.all([startPostgres(), startPolyteiaStandIn({ datasets: [DATASET] })]);
  folder = await mkdtemp(join(tmpdir(), 'ferry pages ü '));
  await postgres.query(
    "CREATE TABLE orders AS SELECT i AS id, 'open' AS status FROM generate_series(1, 9) i",
  );
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), polyteia?.stop()]);
  await rm(folder, { recursive: true });
});

/** The calls of ferry below a heading of a page, as words. */
async function callsBelow(page: string, heading: string): Promise<string[][]> {
  const text = await readFile(fileURLToPath(new URL(`../../../${page}`, import.meta.url)), 'utf8');
  const blocks = shellBlocksOf(text).filter((block) => block.heading === heading && !block.notRun);
  return blocks
    .flatMap(({ code }) => code.split('\n'))
    .map((line) => /^(?:npm run -s ferry --|ferry) (.*?)(?:\s+#.*)?$/.exec(line)?.[1])
    .flatMap((call) => (call === undefined ? [] : [call.split(/\s+/)]));
}

async function follow(
  calls: readonly string[][],
  before: (command: string) => Promise<void> = async () => {},
): Promise<Map<string, FerryResult>> {
  const results = new Map<string, FerryResult>();
  for (const call of calls) {
    const [command = ''] = call;
    await before(command);
    results.set(command, await runFerry(call, { folder }));
  }
  return results;
}

const failed = (results: Map<string, FerryResult>) =>
  [...results].filter(([, { exitCode }]) => exitCode !== 0).map(([command, { stderr }]) => [command, stderr]);

describe('the commands of the README', () => {
  it('lead from nothing to a run', async () => {
    const calls = await callsBelow('README.md', 'Use it');
    expect(calls.map(([command]) => command)).toEqual([
      'init',
      'validate',
      'check',
      'preview',
      'run',
      'runs',
    ]);
    const results = await follow(calls, async (command) => {
      if (command !== 'validate') return;
      // What a person fills in.
      const path = join(folder, 'my-town/ferry.yaml');
      const text = (await readFile(path, 'utf8'))
        .replace('host: erp.example.org', `host: ${postgres.host}\n    port: ${postgres.port}`)
        .replace('database: erp', 'database: postgres\n    tls: { mode: disable }')
        .replace('token: ferry/polyteia', `token: ferry/polyteia, baseUrl: "${polyteia.baseUrl}"`)
        .replace(/ds_replace\w+/, DATASET);
      await writeFile(path, text);
      const { user: username, password } = postgres;
      const secrets = { 'ferry/erp': { username, password }, 'ferry/polyteia': polyteia.personalAccessKey };
      await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
    });
    expect(failed(results)).toEqual([]);
    expect(results.get('validate')?.stderr).toBe('');
    expect(results.get('runs')?.stdout).toContain('succeeded');
    polyteia.assertNoViolations();
  });
});

describe('the commands of docs/moving-in.md', () => {
  it('check what was taken over, and compare it', async () => {
    await mkdir(join(folder, 'old'));
    await writeFile(
      join(folder, 'old/orders.env'),
      `PERSONAL_ACCESS_TOKEN=${polyteia.personalAccessKey}
POLYTEIA_BASE_URL=${polyteia.baseUrl}
DATASET_ID=${DATASET}
SOURCE_DATABASE_TYPE=postgres
SOURCE_DATABASE_HOST=${postgres.host}
SOURCE_DATABASE_PORT=${postgres.port}
SOURCE_DATABASE_USER=${postgres.user}
SOURCE_DATABASE_PASSWORD='${postgres.password}'
SOURCE_DATABASE_NAME=postgres
SOURCE_DATABASE_SQL_QUERY="SELECT * FROM db.orders"
`,
    );
    await runFerry(
      ['init', '--from-env', 'old', '--out', 'town', '--secrets-out', 'secrets.json', '--force'],
      {
        folder,
      },
    );
    const calls = [
      ...(await callsBelow('docs/moving-in.md', '2. Check it')),
      ...(await callsBelow('docs/moving-in.md', '3. Compare')),
    ];
    expect(calls.map(([command]) => command)).toEqual([
      'validate',
      'schedule',
      'check',
      'run',
      'compare',
      'compare',
    ]);
    const results = await follow(calls, async (command) => {
      if (command !== 'compare') return;
      const old = join(folder, 'week/mon/old/orders.parquet');
      await mkdir(dirname(old), { recursive: true });
      await copyFile(join(folder, 'week/mon/new/orders.parquet'), old);
    });
    expect(failed(results)).toEqual([]);
    expect(results.get('run')?.stdout).toContain('1 of 1 job would succeed.');
    // Of two files, and then of the folders that they are in.
    expect(results.get('compare')?.stdout).toContain('1 of 1 file is the same.');
  });
});
