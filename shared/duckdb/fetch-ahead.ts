import type { DuckDBDataChunk } from '@duckdb/node-api';

/** The chunks of a result: the next one is on its way while the caller works on this one. */
export async function* fetchAhead(
  fetch: () => Promise<DuckDBDataChunk | null>,
): AsyncGenerator<DuckDBDataChunk> {
  let next = fetch();
  for (let chunk = await next; chunk !== null && chunk.rowCount > 0; chunk = await next) {
    next = fetch();
    next.catch(() => {});
    yield chunk;
  }
}
