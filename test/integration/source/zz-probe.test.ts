import { it } from 'vitest';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { readThroughFerry } from '../../support/sync/read-through-ferry.ts';
it('probe', async () => {
  await using postgres = await startPostgres();
  await postgres.query(`CREATE TABLE t (n int, span interval, t text, m money); INSERT INTO t SELECT i, interval '1 day 2 hours', 'ü', 1.5 FROM generate_series(1,4) i;
   CREATE TYPE pair AS (d date, f float8, b bytea, i interval);
   CREATE FUNCTION flip(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    IF n = 2 THEN SET LOCAL client_encoding = 'LATIN1'; END IF; IF n = 3 THEN SET LOCAL client_encoding TO DEFAULT; END IF; RETURN n; END $$`);
  const show = async (sync: any) => { const r = await readThroughFerry('postgres', postgres, { sync }).catch((e) => e); console.log(sync.query ?? sync.duckdbQuery, r.content?.rows ?? r.message, r.columns?.map((c: any) => c.type)); };
  const set = (name: string, a: string, b: string) => `CASE n WHEN 2 THEN set_config('${name}', '${a}', true) WHEN 4 THEN set_config('${name}', '${b}', true) END AS s`;
  await show({ query: `SELECT n, span, ${set('intervalstyle', 'iso_8601', 'postgres')} FROM t` });
  await show({ query: `SELECT n, (date '2024-01-31', 0.1::float8, '\\x00'::bytea, span)::pair AS p, ${set('datestyle', 'German, DMY', 'ISO, MDY')} FROM t` });
  await show({ query: `SELECT n, ${set('lc_monetary', 'C', 'C.UTF-8')}, m FROM t` });
  await show({ query: `SELECT flip(n), t FROM t` });
  await show({ query: `SELECT n, ${set('datestyle', 'German, DMY', 'ISO, MDY')}, daterange('2024-01-31', NULL) AS r FROM t` });
  await show({ query: `SELECT n, ${set('datestyle', 'German, DMY', 'ISO, MDY')}, ARRAY[daterange('2024-01-31', NULL)] AS r FROM t` });
  await show({ query: `SELECT n, ${set('extra_float_digits', '-10', '3')}, point(0.1::float8 + 0.2::float8, 1) AS r, line '{1,2,3}' FROM t` });
  await show({ query: `SELECT n, ${set('search_path', 'pg_catalog', '"$user", public')}, 't'::regclass AS r, 't'::regclass AS q FROM t` });
});
