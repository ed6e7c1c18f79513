import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** How to start a process with {@link spawnBound}. */
export interface BoundProcessOptions {
  /** The whole environment of the process: nothing is inherited. */
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Receives what the process prints. */
  logFile: string;
  /** Another user to run as; only root may ask for that. */
  user?: { uid: number; gid: number } | undefined;
  /** What the process and its children get when this one has died; a second later they get KILL. @default TERM */
  lastSignal?: 'TERM' | 'QUIT';
  /** A folder that is removed when this process dies without a call of `stop`. */
  folder?: string | undefined;
}

/** A child that cannot outlive this process. */
export interface BoundProcess {
  pid: number;
  /** Resolves when the process has ended. */
  ended: Promise<unknown>;
  hasEnded(): boolean;
  /** Whether it still runs, or how it ended, for an error message. */
  state(): string;
  /** The end of what it printed, for an error message. */
  logTail(): string;
  /** Sends `signal`, then after `patienceMs` KILL to its whole group; resolves when all of it has ended. */
  stop(signal: NodeJS.Signals, patienceMs: number): Promise<void>;
}

// An exit hook does not run when this process is killed, and vitest kills its workers. So a small watcher shell reads
// from a pipe, which closes however this process ends. `exec` keeps the process id and the group.
const watcher = `
(
  trap '' TERM QUIT
  cat <&3 >/dev/null
  kill -"$0" -$$ 2>/dev/null
  sleep 1
  kill -KILL $$ 2>/dev/null
  if [ -n "$1" ]; then rm -rf "$1"; fi
  kill -KILL -$$
) &
shift
exec "$@" 3<&-`;

/** Starts a process in its own group that ends, at the latest, with this process, even if that is killed. */
export async function spawnBound(
  command: string,
  args: string[],
  options: BoundProcessOptions,
): Promise<BoundProcess> {
  const { env, cwd, logFile, user, lastSignal = 'TERM', folder } = options;
  const log = openSync(logFile, 'a');
  const child = spawn('/bin/sh', ['-c', watcher, lastSignal, folder ?? '', command, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
    ...user,
  });
  closeSync(log);
  const ended = once(child, 'exit').catch(() => undefined);
  await once(child, 'spawn');
  const pid = child.pid as number;
  const lifeline = child.stdio[3] as Socket;
  lifeline.on('error', () => undefined);
  // A program that forgets to stop its server ends anyway, and the server with it.
  child.unref();
  lifeline.unref();
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;

  return {
    pid,
    ended,
    hasEnded,
    state: () => (hasEnded() ? `ended with ${child.signalCode ?? child.exitCode}` : 'still runs'),
    logTail: () => readFileSync(logFile, 'utf8').trim().split('\n').slice(-20).join('\n'),
    async stop(signal, patienceMs) {
      child.ref();
      if (!hasEnded()) child.kill(signal);
      const patience = setTimeout(() => killGroup(pid), patienceMs);
      await ended;
      clearTimeout(patience);
      // The watcher goes first: a closed lifeline would make it remove the folder.
      killGroup(pid);
      lifeline.destroy();
    },
  };
}

// Below those that Linux gives to clients (net.ipv4.ip_local_port_range): a server that takes seconds to start would now
// and then find its port taken by a connection of another test.
const [FIRST_PORT, LAST_PORT] = [10_000, 32_000];
const TRIES = 100;

/** A port of 127.0.0.1 that was free a moment ago. Nothing but another call of this is likely to take it. */
export async function freePort(): Promise<number> {
  for (let left = TRIES; left > 0; left -= 1) {
    const server = createServer();
    const listening = once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.listen(randomInt(FIRST_PORT, LAST_PORT), '127.0.0.1');
    if (!(await listening)) continue;
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error(`No free port was found from ${FIRST_PORT} to ${LAST_PORT}.`);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in the group.
  }
}
