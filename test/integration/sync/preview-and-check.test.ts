import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { DATASET, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

let setup: SyncSetup;
beforeAll(async () => {
  setup = await setUpSync();
  await setup.postgres.query(`
    CREATE TABLE orders (id int, "Größe in m²" numeric(10,2), total numeric, due date, note text);
    INSERT INTO orders SELECT i, i * 1.5, i / 7.0, '2026-01-01'::date + i, 'Straße' || chr(10) || i FROM generate_series(1, 1000) i;
    UPDATE orders SET total = NULL WHERE id = 2;
    ANALYZE orders;
    CREATE ROLE leser LOGIN PASSWORD 'leser';
    GRANT SELECT ON orders TO leser`);
});
afterAll(() => setup[Symbol.asyncDispose]());

const filesBelow = (folder: string) => readdir(folder, { recursive: true });

describe('ferry preview', () => {
  it('shows how each column is written and why, the first rows, and how many rows the source expects', async () => {
    const result = await setup.run(
      { query: 'SELECT * FROM orders ORDER BY id -- all' },
      { command: ['preview', 'orders', '--rows', '2'] },
    );
    expect(result).toMatchObject({ exitCode: 0, stderr: '', leftovers: [] });
    expect(result.stdout.split('\n')).toEqual([
      'COLUMN       SOURCE TYPE    PARQUET TYPE   WHY',
      'id           integer        INTEGER',
      'Größe in m²  numeric(10,2)  DECIMAL(10,2)  refuses NaN or Infinity',
      'total        numeric        VARCHAR        no decimal type holds all its values: it has no precision, or more than 38 digits; text is exact',
      'due          date           DATE           refuses infinity, -infinity or a moment outside the range of Parquet',
      'note         text           VARCHAR',
      '',
      'id  Größe in m²  total                   due         note',
      '1   1.50         0.14285714285714285714  2026-01-02  Straße 1',
      '2   3.00         NULL                    2026-01-03  Straße 2',
      '',
      'The source expects about 1,000 rows.',
      'One connection reads it: the query reads no table of 200 MB or more.',
      '',
    ]);
    expect(setup.polyteia.calls).toEqual([]);
    expect(await filesBelow(setup.folder)).not.toContain('.ferry');
  });

  it('prints one JSON document with --json, and what a compatible sync loses', async () => {
    const result = await setup.run(
      { query: 'SELECT id, total FROM orders WHERE id < 3 ORDER BY id', types: 'compatible' },
      { command: ['preview', 'orders', '--json'] },
    );
    expect(JSON.parse(result.stdout)).toMatchObject({
      columns: [
        { name: 'id', sourceType: 'integer', type: 'INTEGER' },
        { name: 'total', sourceType: 'numeric', type: 'DOUBLE' },
      ],
      rows: [
        // As the connector wrote it: not even the DOUBLE nearest to it.
        ['1', expect.stringMatching(/^0\.142857142857142/)],
        ['2', null],
      ],
      reading: { mode: 'statement', reason: 'the query reads no table of 200 MB or more' },
      warnings: [expect.stringContaining('"total" (numeric): written as DOUBLE')],
    });
  });

  it('says which column would fail the run, and shows the rest', async () => {
    const result = await setup.run(
      {
        query:
          "SELECT id, 'NaN'::numeric(5,2) + 0 * id AS x, (CASE WHEN id = 1 THEN 'NaN' ELSE '1' END)::numeric(5,2) AS y FROM orders",
      },
      { command: ['preview', 'orders'] },
    );
    expect(result.exitCode).toBe(1);
    expect(result.stdout).toMatch(/^y +numeric\(5,2\) +DECIMAL\(5,2\) +refuses NaN/m);
    expect(result.stderr).toMatch(
      /^ExactnessError: Column "y" \(numeric\(5,2\)\) contains NaN or Infinity\./,
    );
  });

  it('shows how a duckdbQuery is read, and the tables of MariaDB', async () => {
    await using mysql = await startMysql();
    await mysql.query(
      "CREATE TABLE ferry.orders (id int primary key, paid tinyint(1), at datetime); INSERT INTO ferry.orders VALUES (1, 2, '2026-01-01 10:00')",
    );
    const result = await setup.run(
      { duckdbQuery: 'SELECT id, paid FROM db.orders' },
      {
        command: ['preview', 'orders', '--json'],
        source: { type: 'mysql', host: mysql.host, port: mysql.port, database: mysql.database },
        secrets: { erp: { username: mysql.user, password: mysql.password } },
      },
    );
    expect(JSON.parse(result.stdout)).toMatchObject({
      columns: [{ name: 'id' }, { name: 'paid', type: 'TINYINT' }],
      rows: [['1', '2']],
      reading: { mode: 'single' },
    });
  });
});

describe('ferry check', () => {
  it('names each hop, and warns about a login that can write', async () => {
    const result = await setup.run({}, { command: ['check'] });
    expect(result).toMatchObject({ exitCode: 0, leftovers: [] });
    expect(result.stdout).toMatch(
      /^erp\nCHECK +RESULT +DETAIL\nsecret +ok +user postgres\nDNS +ok +127\.0\.0\.1 is an address\nTCP +ok +127\.0\.0\.1:\d+ answers in \d+ ms\nlogin +ok +Postgres 18\./,
    );
    expect(result.stdout).toMatch(/^encryption +warning +the connection is not encrypted$/m);
    expect(result.stdout).toMatch(
      /^permissions +warning +the login is a superuser; may write to \d+ tables?; may create tables/m,
    );
    expect(result.stdout).toMatch(
      /^sync orders +ok +the source prepared the query: 5 columns; one connection reads it: the query reads no table of 200 MB or more$/m,
    );
    expect(result.stdout).toMatch(/^orders: dataset access +ok/m);
    expect(setup.polyteia.calls.map(({ on }) => on)).not.toContain('upload');
  });

  it('accepts a login that can only read', async () => {
    const reader = { secrets: { erp: { username: 'leser', password: 'leser' } } };
    const result = await setup.run({}, { command: ['check', 'erp', '--json'], ...reader });
    const { ok, sources } = JSON.parse(result.stdout);
    expect(ok).toBe(true);
    expect(sources[0].checks).toContainEqual({
      check: 'permissions',
      status: 'ok',
      detail: 'the login can only read',
    });
  });

  it('continues after a query that fails, and skips what cannot be tried', async () => {
    const wrongQuery = await setup.run({ query: 'SELECT nothing FROM orders' }, { command: ['check'] });
    expect(wrongQuery.exitCode).toBe(1);
    expect(wrongQuery.stdout).toMatch(
      /^sync orders +failed +The source refused the query: column "nothing" does not exist/m,
    );
    const wrongLogin = await setup.run(
      {},
      { command: ['check'], secrets: { erp: { username: 'leser', password: 'falsch-7f3a' } } },
    );
    expect(wrongLogin.exitCode).toBe(1);
    expect(wrongLogin.stdout).toMatch(/^TCP +ok/m);
    expect(wrongLogin.stdout).toMatch(/^login +failed +The source at .* refused the login of user "leser"/m);
    expect(wrongLogin.stdout).toMatch(/^sync orders +skipped/m);
    expect(wrongLogin.stdout + wrongLogin.stderr).not.toContain('falsch-7f3a');
  });

  it.each(['mariadb', 'mysql'] as const)('knows the permissions of %s', async (flavor) => {
    await using mysql = await startMysql({ flavor });
    await mysql.query(
      `CREATE TABLE ferry.orders (id int); INSERT INTO ferry.orders VALUES (1), (2), (3); ANALYZE TABLE ferry.orders;
       CREATE USER leser IDENTIFIED BY 'leser'; GRANT SELECT ON ferry.* TO leser`,
    );
    const source = { type: 'mysql', host: mysql.host, port: mysql.port, database: mysql.database };
    const check = async (username: string, password: string) => {
      const result = await setup.run(
        {},
        { command: ['check', '--json'], source, secrets: { erp: { username, password } } },
      );
      const { sources } = JSON.parse(result.stdout);
      return sources[0].checks.find(({ check: name }: { check: string }) => name === 'permissions');
    };
    expect(await check(mysql.user, mysql.password)).toMatchObject({
      status: 'warning',
      detail: expect.stringMatching(/the login has .* on /),
    });
    expect(await check('leser', 'leser')).toMatchObject({ status: 'ok' });

    const login = { erp: { username: 'leser', password: 'leser' } };
    const preview = await setup.run({}, { command: ['preview', 'orders', '--json'], source, secrets: login });
    expect(JSON.parse(preview.stdout)).toMatchObject({ estimatedRows: 3 });
  });

  it('tries Polyteia independently: it reports a wrong key next to a source that works', async () => {
    const result = await setup.run({}, { command: ['check'], secrets: { polyteia: 'pak_falsch' } });
    expect(result.exitCode).toBe(1);
    expect(result.stdout).toMatch(/^sync orders +ok/m);
    expect(result.stdout).toMatch(/^orders: .* failed .*key/m);
    expect(result.stdout + result.stderr).not.toContain('pak_falsch');
  });

  it('checks one sync, with what it needs', async () => {
    const result = await setup.run({}, { command: ['check', 'orders', '--json'] });
    const { sources } = JSON.parse(result.stdout);
    expect(sources).toMatchObject([{ source: 'erp' }]);
    const checks = sources[0].checks.map(({ check }: { check: string }) => check);
    expect(checks).toEqual(expect.arrayContaining(['login', 'sync orders', 'orders: dataset access']));
  });

  it('refuses a source that does not exist', async () => {
    const result = await setup.run({}, { command: ['check', 'epr'] });
    expect(result).toMatchObject({ exitCode: 2 });
    expect(result.stderr).toContain('did you mean "erp"?');
  });
});

describe('ferry run --dry-run', () => {
  it('writes the file that would be uploaded, and neither uploads nor records', async () => {
    const before = setup.polyteia.calls.length;
    const result = await setup.run({}, { args: ['--dry-run', '--out', 'probe ü.parquet'] });
    expect(result).toMatchObject({ exitCode: 0, leftovers: [] });
    expect(result.stdout).toMatch(
      /^orders: a run would upload this to ds_meldungen1: 1,000 rows, .*\. Nothing was sent or recorded; the file is .*probe ü\.parquet\.\n$/,
    );
    const { rowCount } = await readParquetWithPyarrow(join(setup.folder, 'probe ü.parquet'));
    expect(rowCount).toBe(1000);
    expect(setup.polyteia.calls).toHaveLength(before);
    expect(setup.polyteia.datasets.get(DATASET)?.content).toBeUndefined();
    expect(await filesBelow(setup.folder)).not.toContain('.ferry');
  });

  it('needs no key of Polyteia', async () => {
    const result = await setup.run(
      {},
      { args: ['--dry-run', '--out', 'a.parquet'], target: { token: 'unknown' } },
    );
    expect(result.exitCode).toBe(0);
  });

  it('keeps the file that a guard refuses, and says so', async () => {
    const query = 'SELECT * FROM orders WHERE id < 0';
    const result = await setup.run({ query }, { args: ['--dry-run', '--out', 'empty.parquet'] });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('GuardError: The dataset was left unchanged: the query returned no rows');
    expect(result.stderr).toMatch(/which you can then accept: ferry run orders/);
    expect((await stat(join(setup.folder, 'empty.parquet'))).size).toBeGreaterThan(0);
  });

  it('needs no place for the file, and takes a folder', async () => {
    const { exitCode, stdout } = await setup.run({}, { args: ['--dry-run'] });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Nothing was sent or recorded\.\n$/);
    await setup.run({}, { args: ['--dry-run', '--out', '.'] });
    expect((await stat(join(setup.folder, 'orders.parquet'))).size).toBeGreaterThan(0);
  });

  it('refuses --out without --dry-run', async () => {
    const result = await setup.run({}, { args: ['--out', 'x.parquet'] });
    expect(result).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--out only applies to --dry-run'),
    });
  });

  it('reports when the file cannot be written', async () => {
    const result = await setup.run({}, { args: ['--dry-run', '--out', 'no/such/folder/x.parquet'] });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/StorageUnavailableError: .*x\.parquet cannot be written/);
    // Before the query has run.
    expect(result.stdout + result.stderr).not.toMatch(/a run would fail|export/);
  });

  it('refuses a name that is none of a Parquet file', async () => {
    const result = await setup.run({}, { args: ['--dry-run', '--out', 'orders.csv'] });
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/writes a Parquet file/) });
  });
});
