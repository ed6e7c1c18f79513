import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FerryError, SourceUnavailableError } from '../errors.ts';
import type { HostRule } from './host-rule.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved at the moment',
  ECONNREFUSED: 'nothing listens on that port',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it closes the connection',
};

/**
 * Opens and closes a plain TCP connection, to tell an unreachable host from one that refuses, quickly and by name.
 * DuckDB's clients take long to give up, and cannot be interrupted while they connect (docs/architecture.md,
 * "Connecting").
 *
 * @param place.hostRule refuses addresses. @default all are allowed
 * @param options.timeoutMs for all of it
 * @param options.probe talks to the server until it has shown what it is; any error but a FerryError means that it is
 *   something else
 * @returns the address that answered
 * @throws SourceUnavailableError that says which hop is missing; RefusedHostError
 */
export async function assertReachable(
  { host, port, hostRule }: { host: string; port: number; hostRule?: HostRule },
  options: {
    timeoutMs: number;
    probe: (socket: Socket) => Promise<void>;
    signal: AbortSignal | undefined;
  },
): Promise<string> {
  const { timeoutMs, probe, signal } = options;
  hostRule?.assertHost(host);
  const lookup = hostRule ? { lookup: hostRule.lookup } : {};
  const socket = connect({ host, port, ...lookup, ...(signal ? { signal } : {}) });
  // An error that comes when nobody waits any more.
  socket.on('error', () => {});
  const timer = setTimeout(
    () => socket.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
    timeoutMs,
  );
  let connected = false;
  try {
    await once(socket, 'connect');
    connected = true;
    const { remoteAddress = host } = socket;
    await probe(socket);
    return remoteAddress;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof FerryError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = connected
      ? 'it accepts the connection, but does not use the protocol of this type of database'
      : (reasons[code] ?? 'the connection failed');
    throw new SourceUnavailableError(`The source at ${host}:${port} cannot be reached: ${reason}.`, {
      cause: error,
      hint:
        code === 'ENOTFOUND' || code === 'EAI_AGAIN'
          ? 'Check `host`, and DNS where Ferry runs.'
          : 'Check host and port; on AWS, the security groups of both sides and the route between them.',
    });
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
