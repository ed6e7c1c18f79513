/*
 * DuckDB's hash of up to 64 bits is one-to-one, so integers, dates and floating-point numbers cannot collide in a cell;
 * two different texts do with a probability of 2^-64.
 */

/**
 * A one-to-one image of a value that DuckDB hashes differently: two nearly independent hashes are as good as one of 128
 * bits.
 */
export function disguiseForHash(expression: string, type: string): string {
  if (type === 'VARCHAR') return `'ferry' || ${expression}`;
  if (type === 'BLOB') return `'ferry'::BLOB || ${expression}`;
  // The hash of 128 bits is the exclusive or of its halves: all UUIDs with two equal halves have the same hash.
  if (/^(U?HUGEINT|UUID|DECIMAL\((19|[23]\d),\d+\))$/.test(type)) return `CAST(${expression} AS VARCHAR)`;
  return expression;
}
