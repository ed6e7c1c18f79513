import { connect } from 'node:net';
import { SourceUnavailableError } from '../errors.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved at the moment',
  ECONNREFUSED: 'nothing listens on that port',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it breaks off the connection',
};

/**
 * Opens and closes a plain TCP connection, so that an unreachable host is told apart from a refusing one, quickly and by name:
 * DuckDB's clients take long to give up, and cannot be interrupted while they connect (duckdb-notes.md).
 *
 * @param options.greets whether the server is the one to speak first: then its first byte is waited for
 * @throws SourceUnavailableError that says which hop is missing
 */
export async function assertReachable(
  { host, port }: { host: string; port: number },
  options: { timeoutMs: number; greets: boolean; signal: AbortSignal | undefined },
): Promise<void> {
  const { timeoutMs, greets, signal } = options;
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, ...(signal ? { signal } : {}) });
    let connected = false;
    const fail = (code: string, cause?: unknown) => {
      socket.destroy();
      if (signal?.aborted) return reject(signal.reason);
      const reason = connected
        ? 'it takes the connection, and does not speak as this kind of database does'
        : (reasons[code] ?? 'the connection failed');
      reject(
        new SourceUnavailableError(`The source at ${host}:${port} cannot be reached: ${reason}.`, {
          cause,
          hint:
            code === 'ENOTFOUND' || code === 'EAI_AGAIN'
              ? 'Check `host`, and DNS where Ferry runs.'
              : 'Check host and port; on AWS, the security groups of both sides and the route between them.',
        }),
      );
    };
    const succeed = () => {
      socket.destroy();
      resolve();
    };
    socket.setTimeout(timeoutMs, () => fail('ETIMEDOUT'));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? '', error));
    socket.once('end', () => fail('ECONNRESET'));
    if (greets) socket.once('data', succeed);
    socket.once('connect', () => {
      connected = true;
      if (!greets) succeed();
    });
  });
}
