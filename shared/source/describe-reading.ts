import type { PreparedQuery } from './prepare-query.ts';
import type { Reading, SourceSession } from './session.ts';

/** How a result was read, as a run's record has it. */
export interface ResultReading {
  /** `statement`: by one statement of the source; else the tables of a duckdbQuery, over one connection or over several. */
  mode: 'statement' | Reading['mode'];
  /** Why not in parallel, where that was asked for. */
  reason?: string;
  /** What the server itself reported of the transaction; absent where it reported no such thing. */
  transaction?: 'read-only snapshot';
}

/** How a prepared query is read in a session; what is claimed of its transaction is what the server said. */
export function describeReading(
  { server }: SourceSession,
  { moment }: PreparedQuery,
  reading: Reading,
): ResultReading {
  const proven = server.readOnlySnapshot && moment !== 'unknown';
  return {
    ...(moment === 'statement' ? { mode: 'statement' as const } : reading),
    ...(proven ? { transaction: 'read-only snapshot' as const } : {}),
  };
}
