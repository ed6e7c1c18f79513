import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createSqlite } from '../../support/servers/sqlite-file.ts';
import { ODBC_DRIVERS, odbcDrivers } from '../../support/tools/odbc-drivers.ts';

// The tool with which a new product's driver is tried, before it has a profile.

it('shows types and rows as a driver returns them, and what it refuses', async () => {
  await using file = await createSqlite('orders.sqlite');
  file.query('CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (9007199254740993)');
  const driver = join(await odbcDrivers(), ODBC_DRIVERS.sqlite);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['scripts/ask-odbc.ts', driver, 'SELECT id FROM orders', 'INSERT INTO orders VALUES (2)'],
    { env: { ...process.env, ODBC: `Database=file:${encodeURI(file.path)}?mode=ro` } },
  );
  // A driver's own types lose values, which is why Ferry takes text only.
  expect(stdout).toBe(
    `SELECT id FROM orders\n  id INTEGER\n  [1]\n  [1]\nINSERT INTO orders VALUES (2)\n  refused: HY000(8): [SQLite]attempt to write a readonly database (8)\n`,
  );
});
