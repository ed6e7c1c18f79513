import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LOCAL_ACCOUNT, localAwsEnvironment } from '../../../scripts/local-cdk.ts';
import type { MiniStack, MiniStackOptions } from '../aws/mini-stack.ts';
import { type BoundProcess, freePort, spawnBound } from '../processes/bound-process.ts';
import { startPatience } from '../processes/patience.ts';
import { localStackEnvironment } from '../processes/python.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const nodePath = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url));

/**
 * Starts LocalStack without Docker on a free port of 127.0.0.1. Its functions run as Node processes of this machine. It checks no
 * signature and no policy. It ends with this process, even if that is killed.
 *
 * @param options.settings more variables for LocalStack, such as LAMBDA_RETRY_BASE_DELAY
 */
export async function startLocalStack({
  region = 'eu-central-1',
  settings = {},
}: Pick<MiniStackOptions, 'region' | 'settings'> = {}): Promise<MiniStack> {
  const { python } = await localStackEnvironment();
  const folder = mkdtempSync(join(tmpdir(), 'ferry-localstack-'));
  const logFile = join(folder, 'localstack.log');
  let server: BoundProcess | undefined;
  const stop = async () => {
    await server?.stop('SIGTERM', 5_000);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    const port = await freePort();
    server = await spawnBound(python, ['-m', 'localstack.runtime.main'], {
      cwd: folder,
      env: { ...serverEnvironment(folder, port), ...settings },
      logFile,
      folder,
    });
    // An address and no name: S3 is asked by path then.
    const endpoint = `http://127.0.0.1:${port}`;
    await ready(server, endpoint);
    return {
      endpoint,
      region,
      accountId: LOCAL_ACCOUNT,
      isBootstrapped: false,
      environment: localAwsEnvironment(endpoint, region),
      logFile,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Nothing of the caller's environment but PATH gets in. Everything is written below the folder, and nothing is fetched. */
function serverEnvironment(folder: string, port: number): Record<string, string> {
  const inside = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  return {
    // Functions run on the first `node` on PATH.
    PATH: [nodePath, process.env.PATH].join(delimiter),
    PYTHONPATH: [registerExecutor(inside('plugins')), here].join(delimiter),
    PYTHONDONTWRITEBYTECODE: '1',
    LAMBDA_RUNTIME_EXECUTOR: 'node',
    HOME: inside('home'),
    TMPDIR: inside('tmp'),
    FILESYSTEM_ROOT: inside('files'),
    // This machine may be a container: LocalStack would take it for its own.
    OVERRIDE_IN_DOCKER: '0',
    GATEWAY_LISTEN: `127.0.0.1:${port}`,
    LOCALSTACK_HOST: `127.0.0.1:${port}`,
    // A queue's address has a name of its own otherwise, which nobody resolves here.
    SQS_ENDPOINT_STRATEGY: 'path',
    // Its name server would listen on all addresses.
    DNS_ADDRESS: '0',
    DISABLE_EVENTS: '1',
    SKIP_SSL_CERT_DOWNLOAD: '1',
  };
}

/** LocalStack finds plugins by the entry points of installed packages: this is all of one that it looks at. */
function registerExecutor(folder: string): string {
  const info = join(folder, 'ferry_tests-1.dist-info');
  mkdirSync(info);
  writeFileSync(join(info, 'METADATA'), 'Metadata-Version: 2.1\nName: ferry-tests\nVersion: 1\n');
  writeFileSync(
    join(info, 'entry_points.txt'),
    '[localstack.lambda.runtime_executor]\nnode = node_executor:NodeExecutorPlugin\n',
  );
  return folder;
}

async function ready(server: BoundProcess, endpoint: string): Promise<void> {
  const goesOn = startPatience(60_000);
  while (!server.hasEnded() && goesOn()) {
    const answer = await fetch(`${endpoint}/_localstack/health`).catch(() => undefined);
    if (answer?.ok) return;
    await Promise.race([sleep(200), server.ended]);
  }
  throw new Error(`LocalStack did not start:\n${server.logTail()}\n(It ${server.state()}.)`);
}
