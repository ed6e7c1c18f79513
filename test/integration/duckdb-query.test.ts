import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectDuckdbQuery } from '../../shared/source/duckdb-query.ts';

let instance: DuckDBInstance;
beforeAll(async () => {
  instance = await DuckDBInstance.create();
});
afterAll(() => instance.closeSync());

async function check(query: string): Promise<void> {
  const connection = await instance.connect();
  try {
    await inspectDuckdbQuery(connection, query);
  } finally {
    connection.closeSync();
  }
}

describe('inspectDuckdbQuery', () => {
  it.each([
    'SELECT * FROM db.orders',
    'SELECT * FROM db.public."Bäume" JOIN DB.public.orders USING (id)',
    'WITH a AS (SELECT * FROM db.orders), b AS (SELECT * FROM a) SELECT count(*) FROM b',
    'SELECT unnest([1,2]), range FROM range(3)',
    'SELECT * FROM (VALUES (1)) v',
    'SELECT (SELECT max(id) FROM db.orders) AS m',
    'FROM db.orders',
  ])('accepts %s', async (query) => {
    await expect(check(query)).resolves.not.toThrow();
  });

  it.each([
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/proc/self/environ')",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM postgres_scan('host=other', 'public', 'orders')",
    "SELECT * FROM postgres_query('db', 'SELECT 1')",
    "SELECT * FROM POSTGRES_EXECUTE('db', 'DROP TABLE orders')",
    "CALL postgres_attach('host=other')",
    "SELECT * FROM db.orders WHERE id IN (SELECT 1 FROM read_blob('/etc/passwd'))",
    "WITH x AS (SELECT * FROM glob('/*')) SELECT * FROM x",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('orders')",
    'SELECT * FROM duckdb_secrets()',
    'SELECT * FROM duckdb_settings',
    'SELECT * FROM information_schema.tables',
    'SELECT * FROM duckdb_databases, (WITH duckdb_databases AS (SELECT 1 a) SELECT * FROM duckdb_databases) x',
    'WITH "/etc/passwd" AS (SELECT 1) SELECT * FROM "/etc/passwd"',
    "SELECT current_setting('temp_directory')",
    'SELECT * FROM memory.main.x',
    'SELECT 1; SELECT 2',
    "COPY (SELECT 1) TO '/tmp/x'",
    "ATTACH 'x.db'",
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET threads=1',
    'PRAGMA database_list',
    'CREATE SECRET s (TYPE postgres)',
    'CREATE TABLE x AS SELECT 1',
    'INSERT INTO db.orders VALUES (1)',
    "EXPORT DATABASE '/tmp/x'",
    'DETACH db',
    'SELEC 1',
    '',
  ])('refuses %s', async (query) => {
    await expect(check(query)).rejects.toMatchObject({ class: 'QueryError' });
  });
});
