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
 * @throws SourceUnavailableError that says which hop is missing
 */
export async function assertReachable(
  host: string,
  port: number,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, ...(signal ? { signal } : {}) });
    const fail = (code: string, cause?: unknown) => {
      socket.destroy();
      if (signal?.aborted) return reject(signal.reason);
      reject(
        new SourceUnavailableError(
          `The source at ${host}:${port} cannot be reached: ${reasons[code] ?? 'the connection failed'}.`,
          {
            cause,
            hint:
              code === 'ENOTFOUND' || code === 'EAI_AGAIN'
                ? 'Check `host`, and DNS where Ferry runs.'
                : 'Check host and port; on AWS, the security groups of both sides and the route between them.',
          },
        ),
      );
    };
    socket.setTimeout(timeoutMs, () => fail('ETIMEDOUT'));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? '', error));
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
