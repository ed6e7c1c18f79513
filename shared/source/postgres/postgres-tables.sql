-- Tables and views of a name, in whatever case; whether all rows are in the table itself, which has checked their values; and
-- their columns for numbers with more than the 308 digits of a DOUBLE, of which DuckDB's client makes NaN.
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name,
  c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid) AS stores,
  (SELECT pg_catalog.json_agg(a.attname)::pg_catalog.text FROM pg_catalog.pg_attribute AS a
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid IN (1700, 1231) AND (a.atttypmod - 4) >> 16 > 308) AS wide
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
  AND pg_catalog.lower(n.nspname) = pg_catalog.lower(__SCHEMA__)
  AND pg_catalog.lower(c.relname) = pg_catalog.lower(__TABLE__)
