import { totalmem } from 'node:os';

const LEAST_BYTES = 512_000_000;
const MOST_BYTES = 4_000_000_000;

/**
 * The most that DuckDB itself may use: a quarter of the memory, from 0.5 to 4 GB; in a container with less than 1 GB,
 * half of it. Most results need far less (bench/memory.ts), one with a thousand columns needs all of it. A result that
 * does not fit must fail in DuckDB, which says so: the kernel would kill the process.
 *
 * @param memory of the machine
 * @param limit of the container, as in `process.constrainedMemory()`; 0 if it is not known
 */
export function duckdbMemory(memory = totalmem(), limit = process.constrainedMemory()): number {
  const available = limit > 0 ? Math.min(memory, limit) : memory;
  const wanted = Math.max(LEAST_BYTES, Math.min(MOST_BYTES, available / 4));
  return Math.floor(Math.min(wanted, available / 2));
}
