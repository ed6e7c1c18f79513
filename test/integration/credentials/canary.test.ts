import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { exitCodeOf } from '../../../cli/exit-codes.ts';
import { formatErrorAsJson, printError } from '../../../cli/output/output.ts';
import { createProgram } from '../../../cli/program/program.ts';
import { logLevels } from '../../../shared/telemetry/log-settings.ts';
import { jobOf, runs } from '../../support/canary/canary-runs.ts';
import {
  type CanaryServers,
  expectNoData,
  NAME,
  PASSWORD,
  SALARY,
  startCanaryServers,
} from '../../support/canary/canary-servers.ts';
import { type FerryResult, runFerryProcess } from '../../support/cli/ferry-command.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { startCollector } from '../../support/telemetry/collector-stand-in.ts';

// What the source's tables hold goes into the Parquet file and nowhere else: not to the screen, into the log, into the record of a
// run or into what stays on the disk, whatever goes wrong; nor does anything that Ferry signs in with.

const DATASET = 'ds_vogelhaus1';
// All kinds of telemetry are sent, with what went wrong in them.
const SIGNALS = ['/v1/logs', '/v1/metrics', '/v1/traces'];

let servers: CanaryServers;
let polyteia: PolyteiaStandIn;
let collector: Awaited<ReturnType<typeof startCollector>>;
let folder: string;
beforeAll(async () => {
  [servers, polyteia, collector] = await Promise.all([
    startCanaryServers(),
    startPolyteiaStandIn({ datasets: [DATASET] }),
    startCollector(),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'ferry canary ü '));
});
afterAll(async () => {
  await Promise.all([servers[Symbol.asyncDispose](), polyteia.stop(), collector[Symbol.asyncDispose]()]);
  await rm(folder, { recursive: true, force: true });
});

/** Does what cli/main.ts does, without the time that a process takes to start. */
async function runHere(args: readonly string[], temporary: string): Promise<FerryResult> {
  const result: FerryResult = { exitCode: 0, stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      result[name] += text;
    },
  });
  const before = process.env.TMPDIR;
  process.env.TMPDIR = temporary;
  try {
    const program = await createProgram({
      folder,
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
      user: 'tester',
      stdout: output('stdout'),
      stderr: output('stderr'),
      signal: new AbortController().signal,
      setExitCode: (code) => {
        result.exitCode = code;
      },
    });
    await program.parseAsync(['node', 'ferry', ...args]);
  } catch (error) {
    if (args.includes('--json')) output('stdout').write(formatErrorAsJson(error));
    result.exitCode = printError(error, output('stderr')) ?? exitCodeOf(error);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  return result;
}

/** The files of the state folder, as they were last. */
const seen = new Map<string, string>();

/** Runs `ferry` in a folder with all of {@link runs}, and collects everything that it left. */
async function ferry(args: readonly string[], how: 'as a process' | 'here' = 'here') {
  const { postgres, mariadb } = servers;
  const temporary = join(folder, 'tmp');
  const state = join(folder, 'state');
  await mkdir(temporary, { recursive: true });
  const config = {
    version: 1,
    sources: { postgres: sourceConfig(postgres, 'postgres'), mariadb: sourceConfig(mariadb, 'mariadb') },
    polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
    syncs: Object.fromEntries(
      runs.map(({ source, sync }, index) => [jobOf(index), { source, dataset: DATASET, ...sync }]),
    ),
  };
  const secrets = {
    postgres: { username: postgres.user, password: PASSWORD },
    mariadb: { username: mariadb.user, password: PASSWORD },
    polyteia: polyteia.personalAccessKey,
  };
  await writeFile(join(folder, 'ferry.yaml'), stringify(config));
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
  const all = [...args, '--secrets', 'secrets.json', '--state', 'state'];
  const result =
    how === 'as a process'
      ? await runFerryProcess(all, {
          folder,
          environment: { TMPDIR: temporary, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
        })
      : await runHere(all, temporary);
  const texts: string[] = [];
  for (const entry of await readdir(state, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const file = join(entry.parentPath, entry.name);
    const text = entry.isFile() ? await readFile(file, 'utf8') : '';
    // What an earlier run left was looked at then.
    if (seen.get(file) !== text) texts.push(`${entry.name}\n${text}`);
    seen.set(file, text);
  }
  expect(await readdir(temporary, { recursive: true })).toEqual([]);
  const sent = collector.text();
  if (args[0] === 'run' && result.exitCode !== 2) expect(collector.paths()).toEqual(SIGNALS);
  collector.delivered.splice(0);
  return { ...result, everything: [result.stdout, result.stderr, ...texts, sent].join('\n') };
}

function expectNothingSecret(text: string): void {
  expectNoData(text);
  for (const secret of [
    PASSWORD,
    JSON.stringify(PASSWORD).slice(1, -1),
    encodeURIComponent(PASSWORD),
    'Kennwort',
    polyteia.personalAccessKey,
  ]) {
    expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/(postgres|postgresql|mysql):\/\/|\bhost=|\bpassword=/i);
  expect(text).not.toMatch(/\bat .*\.ts:\d+/);
}

/** What a Parquet file holds, as text. */
async function firstRow(file: string): Promise<unknown[] | undefined> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll('SELECT COLUMNS(*)::VARCHAR FROM read_parquet($1)', [file]);
    return reader.getRowsJS()[0];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The contents of the folder that a run may not change. */
const filesBeside = async () => (await readdir(folder)).filter((name) => name !== 'state').sort();

describe('ferry run, with the most detailed log', () => {
  it.each(runs.map((run, index) => ({ ...run, index })))(
    '$source: $what',
    async ({ upload, index, apart, class: errorClass }) => {
      if (upload) polyteia.failNext({ on: 'upload', how: upload });
      const json = index % 2 === 0 ? ['--json'] : [];
      const before = await filesBeside();
      const { exitCode, stdout, stderr, everything } = await ferry(
        ['run', jobOf(index), '--log-level', logLevels[0], ...json],
        apart ? 'as a process' : 'here',
      );
      expectNothingSecret(everything);
      expect(exitCode).toBe(errorClass === undefined ? 0 : errorClass === 'ConfigError' ? 2 : 1);
      if (errorClass !== undefined) expect(stderr).toMatch(new RegExp(`^${errorClass}: `, 'm'));
      if (json.length > 0) expect(JSON.parse(stdout)).toMatchObject({ job: jobOf(index) });
      if (before.includes('ferry.yaml')) expect(await filesBeside()).toEqual(before);
      if (errorClass === undefined) {
        const file = polyteia.datasets.get(DATASET)?.content?.file ?? '';
        expect(await firstRow(file)).toEqual(expect.arrayContaining([NAME, SALARY, '1815-12-10']));
      }
      polyteia.assertNoViolations();
    },
  );

  it.each(['runs --limit 100', 'runs --json --limit 100', 'validate', 'check mariadb --json'])(
    'and afterwards ferry %s',
    async (args) => {
      expectNothingSecret((await ferry(args.split(' '))).everything);
    },
  );

  it.each(
    runs.flatMap(({ source, what, class: errorClass }, index) =>
      errorClass === 'QueryError' && /planned|a cast/.test(what) ? [{ source, what, index }] : [],
    ),
  )('and ferry preview, which has no rows to show: $source, $what', async ({ index }) => {
    const { everything, exitCode } = await ferry(['preview', jobOf(index), '--json']);
    expectNothingSecret(everything);
    expect(exitCode).toBe(1);
  });

  it('and a rehearsal, which leaves one file', async () => {
    const before = await filesBeside();
    const failing = runs.findIndex(({ what }) => what === 'a cast');
    expectNothingSecret(
      (await ferry(['run', jobOf(failing), '--dry-run', '--out', 'out.parquet'])).everything,
    );
    expect(await filesBeside()).toEqual(before);
    const { exitCode, everything } = await ferry([
      'run',
      jobOf(0),
      '--dry-run',
      '--out',
      'out.parquet',
      '--json',
    ]);
    expect(exitCode).toBe(0);
    expectNothingSecret(everything);
    expect(await filesBeside()).toEqual([...before, 'out.parquet'].sort());
    expect(await firstRow(join(folder, 'out.parquet'))).toContain(NAME);
  });
});
