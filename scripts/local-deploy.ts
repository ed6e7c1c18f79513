// npm run local:deploy: deploys examples/local to an emulator of AWS: bootstrap, secrets, deploy. docs/local.md says
// how.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { loadConfig } from '../shared/config/load-config.ts';
import { ConfigError } from '../shared/errors.ts';
import { parseSecretsFile } from '../shared/source/credentials/secrets.ts';
import { LOCAL_ACCOUNT, localAppArguments, localAwsEnvironment, runLocalCdk } from './local-cdk.ts';
import { readScriptOptions } from './script-options.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const PATIENCE_MS = 10_000;
const LOCALSTACK = 'http://localhost:4566';
const LOCALSTACK_S3 = 'http://s3.localhost.localstack.cloud:4566';

const USAGE = `AWS_ENDPOINT_URL=http://HOST:PORT npm run local:deploy -- [--config FILE] [--secrets FILE] [--stack NAME]
npm run local:deploy -- --localstack [--config FILE] [--secrets FILE] [--stack NAME]   # the one of docker-compose.yml

Deploys to an emulator of AWS, and puts the secrets into it: bootstrap, secrets, stack (docs/local.md).
By default what is in examples/local, as the stack FerryLocal.`;
const options = readScriptOptions(USAGE, {
  config: { type: 'string', default: join(root, 'examples', 'local', 'ferry.yaml') },
  secrets: { type: 'string', default: join(root, 'examples', 'local', 'secrets.json') },
  stack: { type: 'string', default: 'FerryLocal' },
  localstack: { type: 'boolean', default: false },
});
const print = (text = '') => process.stdout.write(`${text}\n`);

try {
  await deployLocally();
} catch (error) {
  // What cdk printed is on the terminal already; a stack trace would push it away.
  const hint = error instanceof ConfigError && error.hint ? `\n  → ${error.hint}` : '';
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}${hint}\n`);
  process.exitCode = 1;
}

async function deployLocally(): Promise<void> {
  // All that can be wrong on this machine is found before anything changes there.
  const environment = emulator(process.env);
  // First, because the stand-in for Polyteia makes its certificate when the emulator is started.
  await assertAnswers(environment.AWS_ENDPOINT_URL ?? '');
  const config = fromCaller(options.config);
  await loadConfig({ path: config, environment: process.env, scheduler: 'eventbridge' });
  const path = fromCaller(options.secrets);
  const secrets = parseSecretsFile(await readSecrets(path), path);
  print(`Deploying ${config} to ${environment.AWS_ENDPOINT_URL}, region ${environment.AWS_REGION}\n`);
  const folder = await mkdtemp(join(tmpdir(), 'ferry-local-'));
  try {
    print(`1. Bootstrap of ${environment.AWS_ENDPOINT_URL}`);
    const place = `aws://${LOCAL_ACCOUNT}/${environment.AWS_REGION}`;
    // Away from the project, as its app would want a configuration to synthesize.
    await runLocalCdk(['bootstrap', place], { cwd: folder, environment, echo: process.stderr });

    print(`2. Secrets of ${path}`);
    await putSecrets(secrets, environment);

    print(`3. Stack ${options.stack}`);
    const outputsFile = join(folder, 'outputs.json');
    await runLocalCdk(
      [
        'deploy',
        options.stack,
        ...localAppArguments({ config, stack: options.stack, folder }),
        '--require-approval',
        'never',
        '--outputs-file',
        outputsFile,
      ],
      { cwd: root, environment, echo: process.stderr },
    );
    const outputs = JSON.parse(await readFile(outputsFile, 'utf8')) as Record<string, Record<string, string>>;
    printNextSteps(outputs[options.stack] ?? {}, environment);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `npm run` changes the folder; a path that a person gives is meant from where they stood. */
function fromCaller(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

async function readSecrets(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${path} cannot be read.`, { cause, hint: '--secrets names this file.' });
  });
}

/**
 * The caller's AWS_ENDPOINT_URL with what belongs to it, or the LocalStack of docker-compose.yml. Never one that nobody
 * named, which may be somebody else's, and never AWS itself.
 */
function emulator(given: NodeJS.ProcessEnv): Record<string, string> {
  const region = given.AWS_REGION ?? given.AWS_DEFAULT_REGION ?? 'eu-central-1';
  if (options.localstack) {
    return { ...localAwsEnvironment(LOCALSTACK, region), AWS_ENDPOINT_URL_S3: LOCALSTACK_S3 };
  }
  if (!given.AWS_ENDPOINT_URL) {
    throw new ConfigError('Which emulator? Nothing was changed.', {
      hint: `Name its address in AWS_ENDPOINT_URL, or the LocalStack of docker-compose.yml by --localstack:\n    AWS_ENDPOINT_URL=${LOCALSTACK} npm run local:deploy`,
    });
  }
  if (/\.amazonaws\.com(\.cn)?$/.test(URL.parse(given.AWS_ENDPOINT_URL)?.hostname ?? '')) {
    throw new ConfigError('AWS_ENDPOINT_URL is AWS itself: npm run local:deploy is for emulators.', {
      hint: 'docs/deploy.md says how to deploy to AWS.',
    });
  }
  const own = Object.entries(given).filter(
    ([name]) => name.startsWith('AWS_ENDPOINT_URL_') || /^(NODE_EXTRA_CA_CERTS|AWS_CA_BUNDLE)$/.test(name),
  );
  return {
    ...localAwsEnvironment(given.AWS_ENDPOINT_URL, region, given),
    ...(Object.fromEntries(own) as Record<string, string>),
  };
}

/** An emulator that was started a moment ago takes some seconds. */
async function assertAnswers(endpoint: string): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    try {
      await fetch(endpoint, { signal });
      return;
    } catch (error) {
      if (!signal.aborted) {
        await sleep(250);
        continue;
      }
      throw new ConfigError(`Nothing answers at ${endpoint}.`, {
        cause: error,
        hint: 'docker compose up --detach --wait starts LocalStack at its address (--localstack); docs/local.md has the commands for MiniStack.',
      });
    }
  }
}

async function putSecrets(
  secrets: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const { AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = environment;
  const client = new SecretsManagerClient({
    ...(AWS_ENDPOINT_URL && { endpoint: AWS_ENDPOINT_URL }),
    ...(AWS_REGION && { region: AWS_REGION }),
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  });
  for (const [name, value] of secrets) {
    try {
      await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
    } catch (error) {
      if (!(error instanceof ResourceExistsException)) throw error;
      await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }));
    }
    print(`   ${name}`);
  }
}

function printNextSteps(
  outputs: Record<string, string>,
  environment: Readonly<Record<string, string>>,
): void {
  const { AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = environment;
  // The stack's own output is the address on AWS.
  const api = `${AWS_ENDPOINT_URL}/_aws/execute-api/${outputs.ApiId}/v1`;
  print(`
Deployed. The API: ${api}

  export AWS_ENDPOINT_URL=${AWS_ENDPOINT_URL} AWS_REGION=${AWS_REGION} AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID} AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY}
  ask() { curl -sS --aws-sigv4 aws:amz:${AWS_REGION}:execute-api --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$@"; }
  curl -sS ${api}/healthz
  ask ${api}/jobs
  ask -X POST ${api}/jobs/JOB/runs
  aws s3 ls --recursive s3://${outputs.StateBucketName}/runs/

The same by the command line, which needs the address of the API, because the stack's own output is that on AWS:

  export FERRY_API_URL=${api}
  npm run -s ferry -- --stack ${options.stack} jobs
  npm run -s ferry -- --stack ${options.stack} run JOB`);
}
