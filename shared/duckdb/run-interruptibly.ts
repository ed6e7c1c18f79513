import type { DuckDBConnection } from '@duckdb/node-api';

const INTERRUPT_INTERVAL_MS = 100;

/**
 * Runs work of DuckDB that ends soon after the signal is aborted. For statements that wait only for DuckDB itself.
 *
 * @throws the signal's reason when it was aborted, else what the work threw
 */
export async function runInterruptibly<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  let interrupting: NodeJS.Timeout | undefined;
  const interrupt = () => {
    // DuckDB forgets an interrupt that comes before the statement has begun.
    interrupting = setInterval(() => connection.interrupt(), INTERRUPT_INTERVAL_MS);
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', interrupt);
    clearInterval(interrupting);
  }
}
