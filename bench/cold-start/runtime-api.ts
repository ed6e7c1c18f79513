import { spawn } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { cpuTimes } from '../measured-process.ts';

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.mjs', import.meta.url));
const DEADLINE_MS = 60_000;

/** Seconds of the clock, and of processors: those count where the machine has other work. */
export interface Taken {
  seconds: number;
  cpuSeconds: number;
}

/** A function's process that is waiting for events. */
export interface StartedFunction extends AsyncDisposable {
  /** From the start of the process until it asks for its first event. */
  init: Taken;
  /**
   * Gives it an event.
   *
   * @returns its answer, and what that took
   * @throws Error when the handler threw
   */
  invoke(event: unknown): Promise<{ answer: unknown; taken: Taken }>;
}

/**
 * Starts a bundled handler as Lambda does: its own process, and the runtime API at a port of 127.0.0.1.
 *
 * @param options.command wraps the command of the process, such as for a share of the processors
 */
export async function startFunction(options: {
  /** The asset. */
  folder: string;
  /** Such as `sync.handler`. */
  handler: string;
  environment: Readonly<Record<string, string | undefined>>;
  command: (command: readonly [string, ...string[]]) => [string, ...string[]];
}): Promise<StartedFunction> {
  let waiting: ServerResponse | undefined;
  let asked = Promise.withResolvers<void>();
  let answered = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path.endsWith('/next')) {
      waiting = response;
      asked.resolve();
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      response.writeHead(202).end('{}');
      if (path.endsWith('/response')) answered.resolve(body);
      else answered.reject(new Error(`The function failed: ${body}`));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const [program, ...args] = options.command([process.execPath, BOOTSTRAP]);
  const startedAt = performance.now();
  const child = spawn(program, args, {
    env: {
      ...options.environment,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      LAMBDA_TASK_ROOT: options.folder,
      _HANDLER: options.handler,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code) => {
      const error = new Error(`The process of ${options.handler} ended (${code}): ${said}`);
      asked.reject(error);
      answered.reject(error);
      resolve();
    });
  });
  answered.promise.catch(() => {});
  await asked.promise;
  const takenSince = async (began: number, cpuBefore: number): Promise<Taken> => {
    const seconds = (performance.now() - began) / 1_000;
    return { seconds, cpuSeconds: (await cpuTimes(child.pid ?? 0)).own - cpuBefore };
  };
  return {
    init: await takenSince(startedAt, 0),
    async invoke(event) {
      await asked.promise;
      asked = Promise.withResolvers();
      asked.promise.catch(() => {});
      answered = Promise.withResolvers();
      const { own } = await cpuTimes(child.pid ?? 0);
      const began = performance.now();
      waiting
        ?.writeHead(200, {
          'content-type': 'application/json',
          'lambda-runtime-aws-request-id': '00000000-0000-4000-8000-000000000000',
          'lambda-runtime-deadline-ms': String(Date.now() + DEADLINE_MS),
        })
        .end(JSON.stringify(event));
      const text = await answered.promise;
      return { taken: await takenSince(began, own), answer: JSON.parse(text) };
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      server.closeAllConnections();
      server.close();
    },
  };
}
