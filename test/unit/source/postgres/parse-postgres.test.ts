import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parsePostgres } from '../../../../shared/source/postgres/parts/parse-postgres.ts';

const MODULE = new URL('../../../../shared/source/postgres/parts/parse-postgres.ts', import.meta.url).href;

it('reads SQL as Postgres does, and says what is none', async () => {
  expect(await parsePostgres('SELECT 1; TABLE x')).toHaveLength(2);
  await expect(parsePostgres('SELECT FROM WHERE')).rejects.toThrow(/syntax error/);
});

it('takes little memory, however many statements it reads', async () => {
  // V8 would compile the parser again while it is used, which takes more than half a gigabyte.
  const program = `import { parsePostgres } from '${MODULE}';
    const columns = Array.from({ length: 200 }, (_, n) => 'lower(t.column_' + n + ')').join(', ');
    for (let n = 0; n < 50; n += 1) await parsePostgres('SELECT ' + columns + ' FROM t WHERE a > 1');
    // What V8 does on other threads has ended, or has begun.
    setTimeout(() => console.log(process.resourceUsage().maxRSS / 1024), 500);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  expect(Number(stdout)).toBeGreaterThan(30);
  expect(Number(stdout)).toBeLessThan(200);
});
