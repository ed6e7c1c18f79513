import { expect, it } from 'vitest';
import { duckdbMemory } from '../../../cli/local/duckdb-memory.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

it.each([
  ['a laptop', 16 * GIB, 0, 4_000_000_000],
  ['a small server', 4 * GIB, 0, GIB],
  ['a container without a limit, as the kernel calls it', 4 * GIB, 2 ** 64, GIB],
  ['a container of 1 GiB on a large server', 256 * GIB, GIB, 512_000_000],
  ['a container of 256 MiB on a large server', 256 * GIB, 256 * MIB, 128 * MIB],
  ['a container of 8 GiB on a large server', 256 * GIB, 8 * GIB, 2 * GIB],
])('DuckDB leaves memory for others on %s', (_where, memory, limit, expected) => {
  expect(duckdbMemory(memory, limit)).toBe(expected);
});
