import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { buildLambdaCode, buildServiceCode } from '../../infra/build-lambda-code.ts';

const run = promisify(execFile);
const hooks = fileURLToPath(new URL('../support/processes/loaded-files.mjs', import.meta.url));
const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

/** What any of the functions needs to begin. Nothing listens there. */
const environment = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  AWS_MAX_ATTEMPTS: '1',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048',
  STATE_BUCKET: 'state',
  CONFIG_BUCKET: 'config',
  CONFIG_KEY: 'key',
  STACK_NAME: 'test',
  FUNCTIONS: 'a,b',
  DEAD_LETTERS_URL: 'http://127.0.0.1:9/queue',
  API_URL: 'http://127.0.0.1:9/',
  TOPIC_ARN: '',
  WEBHOOK_SECRET: '',
  LANGUAGE: 'en',
  LOG_LEVEL: 'error',
};
/** An event that leads nowhere, with the state out of reach. */
const event = {
  httpMethod: 'GET',
  path: '/healthz',
  headers: {},
  multiValueQueryStringParameters: null,
  body: null,
  isBase64Encoded: false,
  requestContext: { identity: { userArn: null } },
};

let folders: Readonly<Record<string, string>>;
beforeAll(async () => {
  const [jobs, services] = [
    await buildLambdaCode(architecture, ['postgres_scanner']),
    await buildServiceCode(),
  ];
  folders = { sync: jobs, extract: jobs, api: services, watchdog: services };
});

/** The files of the asset that a function has loaded once it has answered. */
async function filesLoadedBy(name: string, more: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const folder = folders[name] ?? '';
  const script = [
    `const { handler } = await import('${pathToFileURL(join(folder, `${name}.mjs`)).href}');`,
    `await handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 10_000 }).catch(() => {});`,
    'process.exit();',
  ].join('\n');
  const { stdout } = await run(
    process.execPath,
    ['--import', hooks, '--input-type=module', '--eval', script],
    { env: { PATH: process.env.PATH, ...environment, ...more } },
  );
  const files: string[] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return files.filter((file) => file.startsWith(`${folder}/`)).map((file) => file.slice(folder.length + 1));
}

it.each(['sync', 'extract', 'api', 'watchdog'])(
  'the function %s loads nothing of OpenTelemetry but its API, unless something listens',
  async (name) => {
    const without = await filesLoadedBy(name);
    expect(without).toContain(`${name}.mjs`);
    expect(without.filter((file) => /otel|opentelemetry/.test(file))).toEqual([]);
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
    expect(await filesLoadedBy(name, endpoint)).toContain('open-otel.mjs');
  },
);
