import { ExactnessError } from '../../../errors.ts';
import type { AskSource } from '../../dialect.ts';
import { printedReal } from './sqlite-types.ts';

// SQL and numbers that are the same by IEEE 754, without a decimal in either: an integer, divided by another one, and
// then moved by powers of two, which is exact.
const STEP = 2 ** 60;
const step = `CAST(${BigInt(STEP)} AS REAL)`;

interface Sample {
  sql: string;
  value: number;
}

function sample(over: number, under: number, steps: number, last = 1): Sample {
  const parts = [`CAST(${over} AS REAL)`, `/ CAST(${under} AS REAL)`];
  let value = over / under;
  for (let n = 0; n < Math.abs(steps); n += 1) {
    parts.push(`${steps > 0 ? '*' : '/'} ${step}`);
    value = steps > 0 ? value * STEP : value / STEP;
  }
  parts.push(`${steps > 0 ? '*' : '/'} CAST(${last} AS REAL)`);
  return { sql: parts.join(' '), value: steps > 0 ? value * last : value / last };
}

const samples = [
  ...[-17, -12, -5, -1, 0, 1, 5, 12, 16].flatMap((steps) => [
    sample(1, 3, steps),
    sample(2, 3, steps),
    sample(9_007_199_254_740_991, 1, Math.min(steps, 15)),
    sample(6_004_799_503_160_661, 7, Math.min(steps, 15)),
    sample(1, 10, steps),
  ]),
  // The smallest number, and the largest.
  sample(1, 1, -17, 2 ** 54),
  sample(9_007_199_254_740_991, 1, 16, 2 ** 11),
];

/**
 * Whether this SQLite prints numbers with enough digits, which depends on the machine that it was built for: numbers of
 * all sizes are printed, and must be read back as themselves.
 *
 * @throws ExactnessError that names the column
 */
export async function assertPrintsReals(ask: AskSource, column: string): Promise<void> {
  const list = samples.map(({ sql }, index) => `${printedReal(sql)} AS n${index}`);
  const { rows } = await ask(`SELECT ${list.join(', ')}`);
  const isPrinted = samples.every(({ value }, index) => Object.is(Number(rows[0]?.[index]), value));
  if (isPrinted) return;
  throw new ExactnessError(
    `Column "${column}" may hold numbers with a point, which this build of SQLite does not print with all their digits.`,
    { hint: "Use a driver with SQLite 3.43 or later, or round in the query: printf('%.2f', x) AS x." },
  );
}
