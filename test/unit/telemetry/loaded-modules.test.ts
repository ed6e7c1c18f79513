import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const hooks = fileURLToPath(new URL('../../support/processes/loaded-files.mjs', import.meta.url));
const from = (path: string) => new URL(`../../../${path}`, import.meta.url).href;

/** Everything that Ferry's processes load to do their work. */
const parts = [
  'functions/jobs/job-handler.ts',
  'shared/api/create-api.ts',
  'shared/atlan/create-atlan-api.ts',
  'functions/watchdog/watchdog-function.ts',
  'shared/serve/serve.ts',
  'cli/commands/run/serve.ts',
  'cli/commands/run/run.ts',
  'cli/program/program.ts',
];

/** The packages of OpenTelemetry that a process with these parts has loaded when it is ready to work. */
async function loadedWith(
  environment: Readonly<Record<string, string>>,
  parts: readonly string[],
): Promise<string[]> {
  const script = [
    ...parts.map((part) => `await import('${from(part)}');`),
    `const { startTelemetry } = await import('${from('shared/telemetry/start-telemetry.ts')}');`,
    'await startTelemetry(process.env, { scraped: true });',
    // What could not be sent is still tried.
    'process.exit();',
  ].join('\n');
  const args = ['--import', hooks, '--input-type=module', '--eval', script];
  const { stdout } = await run(process.execPath, args, { env: { PATH: process.env.PATH, ...environment } });
  const files: string[] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  const packages = files.map((file) => /\/node_modules\/(@opentelemetry\/[^/]+)\//.exec(file)?.[1]);
  return [...new Set(packages.filter((name) => name !== undefined))].sort();
}

it('without an address, nothing of OpenTelemetry is loaded but its API', async () => {
  expect(await loadedWith({}, parts)).toEqual(['@opentelemetry/api']);
});

it('with an address, its SDK is', async () => {
  const packages = await loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }, []);
  expect(packages).toContain('@opentelemetry/sdk-trace');
});
