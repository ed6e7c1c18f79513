import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LOCAL_ACCOUNT, localAwsEnvironment, runLocalCdk } from '../../../scripts/local-cdk.ts';
import { type BoundProcess, freePort, spawnBound } from '../processes/bound-process.ts';
import { startPatience } from '../processes/patience.ts';
import { MINISTACK, pythonEnvironment } from '../processes/python.ts';
import { cacheFolder, dataTemplate } from '../servers/data-template.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** How to start MiniStack. */
export interface MiniStackOptions {
  /** The folder whose `node` runs the Lambdas. @default node_modules/.bin, which holds Node 24 */
  nodeVersionPath?: string;
  /** @default AWS_REGION, else eu-central-1 */
  region?: string;
  /** Whether `cdk bootstrap` has been run in it, which takes ten seconds but for the first time. @default false */
  bootstrapped?: boolean;
  /** More environment variables for MiniStack, such as `LAMBDA_ASYNC_RETRY_BASE_SECONDS`; its Lambdas see them too. */
  settings?: Readonly<Record<string, string>>;
}

/** A local AWS: MiniStack, or whatever answers at the caller's `AWS_ENDPOINT_URL`. */
export interface MiniStack extends AsyncDisposable {
  endpoint: string;
  region: string;
  accountId: string;
  /** Whether `cdk bootstrap` has been run in it. */
  isBootstrapped: boolean;
  /** What an AWS SDK, the CDK or a Lambda's caller needs in its environment; to be laid over the caller's own. */
  environment: Record<string, string>;
  /** The certificate to trust: for `cdk --ca-bundle-path`. With a given endpoint, the caller's NODE_EXTRA_CA_CERTS. */
  caFile?: string;
  /** What MiniStack prints. Absent with an endpoint that was given. */
  logFile?: string;
  /** Ends MiniStack and its Lambdas and removes its data; does nothing to an endpoint that was given. */
  stop(): Promise<void>;
}

const accountId = LOCAL_ACCOUNT;

/**
 * Starts MiniStack on a free port of 127.0.0.1, with TLS, signatures checked and role policies enforced. It ends with
 * this process, even if that is killed. With `AWS_ENDPOINT_URL` in the environment nothing is started.
 */
export async function startMiniStack(options: MiniStackOptions = {}): Promise<MiniStack> {
  const region = options.region ?? process.env.AWS_REGION ?? 'eu-central-1';
  if (process.env.AWS_ENDPOINT_URL) return givenEndpoint(process.env.AWS_ENDPOINT_URL, region);

  const folder = mkdtempSync(join(temporaryRoot(), 'ferry-aws-'));
  if (options.bootstrapped) await copyBootstrapped(folder, region);
  return await startIn(folder, { ...options, region });
}

async function startIn(
  folder: string,
  options: MiniStackOptions & { region: string },
): Promise<MiniStack & { stopSlowly(): Promise<void> }> {
  const { region } = options;
  const { bin } = await pythonEnvironment();
  const logFile = join(folder, 'ministack.log');
  const caFile = join(folder, 'tmp', 'ministack-tls', 'server.crt');
  let server: BoundProcess | undefined;
  const stop = async () => {
    // It is given a moment to end its Lambdas; a custom resource that hangs would keep it forever.
    await server?.stop('SIGTERM', 3_000);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    const port = await freePort();
    server = await spawnBound(bin('ministack'), [], {
      cwd: folder,
      env: serverEnvironment(folder, port, options),
      logFile,
      folder,
    });
    await ready(server, port, caFile);
    const endpoint = `https://localhost:${port}`;
    const environment = {
      ...localAwsEnvironment(endpoint, region),
      NODE_EXTRA_CA_CERTS: caFile,
      AWS_CA_BUNDLE: caFile,
    };
    return {
      endpoint,
      region,
      accountId,
      isBootstrapped: options.bootstrapped ?? false,
      environment,
      caFile,
      logFile,
      stop,
      stopSlowly: async () => await server?.stop('SIGTERM', 30_000),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

// It writes them when it ends, and reads them when it starts.
const PERSISTENT = { PERSIST_STATE: '1', S3_PERSIST: '1' };
const PERSISTED_FOLDERS = ['state', 's3'];

/** Gives a MiniStack that is about to start what one had in which `cdk bootstrap` was run. */
async function copyBootstrapped(folder: string, region: string): Promise<void> {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const template = await dataTemplate({
    folder: join(cacheFolder, 'ministack'),
    name: 'bootstrapped',
    madeFrom: [MINISTACK, devDependencies['aws-cdk'], dependencies['aws-cdk-lib'], region],
    serverUser: undefined,
    make: async (target, temporary) => {
      const aws = await startIn(temporary, { bootstrapped: true, region });
      try {
        const place = `aws://${accountId}/${region}`;
        await runLocalCdk(['bootstrap', place], { cwd: temporary, environment: aws.environment });
      } finally {
        await aws.stopSlowly();
      }
      mkdirSync(target);
      for (const name of PERSISTED_FOLDERS)
        cpSync(join(temporary, name), join(target, name), { recursive: true });
    },
  });
  for (const name of PERSISTED_FOLDERS) cpSync(join(template, name), join(folder, name), { recursive: true });
}

/** Its Lambdas inherit all of this, so nothing of the caller's environment but PATH gets in. */
function serverEnvironment(folder: string, port: number, options: MiniStackOptions): Record<string, string> {
  const { nodeVersionPath = join(root, 'node_modules', '.bin'), settings = {} } = options;
  const inside = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  return {
    // Lambdas run on the first `node` on PATH.
    PATH: [nodeVersionPath, process.env.PATH].join(delimiter),
    HOME: inside('home'),
    TMPDIR: inside('tmp'),
    S3_DATA_DIR: inside('s3'),
    STATE_DIR: inside('state'),
    // The default is all interfaces.
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    IOT_MTLS_ENABLED: '0',
    // TLS, because with AUTH the bucket policies that demand it are enforced.
    AUTH: 'true',
    USE_SSL: '1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    ...(options.bootstrapped && PERSISTENT),
    ...settings,
  };
}

function givenEndpoint(endpoint: string, region: string): MiniStack {
  const { NODE_EXTRA_CA_CERTS: caFile } = process.env;
  const ownEndpoints = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_ENDPOINT_URL_'));
  const environment = {
    ...localAwsEnvironment(endpoint, region, process.env),
    ...(Object.fromEntries(ownEndpoints) as Record<string, string>),
    ...(caFile && { NODE_EXTRA_CA_CERTS: caFile, AWS_CA_BUNDLE: caFile }),
  };
  const stop = async () => {};
  return {
    endpoint,
    region,
    accountId,
    isBootstrapped: false,
    environment,
    ...(caFile && { caFile }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Below a package.json with "type": "module" every Lambda would die: their CommonJS wrapper is read as a module. */
function temporaryRoot(): string {
  for (let folder = tmpdir(); dirname(folder) !== folder; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && /"type"\s*:\s*"module"/.test(readFileSync(manifest, 'utf8'))) return '/tmp';
  }
  return tmpdir();
}

async function ready(server: BoundProcess, port: number, caFile: string): Promise<void> {
  const goesOn = startPatience(30_000);
  while (!server.hasEnded() && goesOn()) {
    if (existsSync(caFile) && (await isHealthy(port, caFile))) return;
    await Promise.race([sleep(100), server.ended]);
  }
  throw new Error(`MiniStack did not start:\n${server.logTail()}\n(It ${server.state()}.)`);
}

function isHealthy(port: number, caFile: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = {
      host: 'localhost',
      port,
      path: '/_ministack/health',
      ca: readFileSync(caFile),
      timeout: 2_000,
    };
    const health = request(options, (response) => resolve(response.resume().statusCode === 200));
    health.on('error', () => resolve(false));
    health.on('timeout', () => health.destroy(new Error('timeout')));
    health.end();
  });
}
