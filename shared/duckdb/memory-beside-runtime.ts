// Node, the clients and libduckdb itself, measured as 180 MB (bench/memory.ts, one row).
const RUNTIME_MEGABYTES = 200;

/**
 * What DuckDB may take of the memory of a process that does nothing else, in MB. Its limit is not a hard one, so a
 * quarter stays free, besides what the runtime needs. Not above zero where that leaves nothing.
 */
export const memoryBesideRuntime = (megabytes: number) => Math.floor(megabytes * 0.75 - RUNTIME_MEGABYTES);
