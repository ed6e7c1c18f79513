-- Tables and views of a name, in whatever case.
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
  AND pg_catalog.lower(n.nspname) = pg_catalog.lower(__SCHEMA__)
  AND pg_catalog.lower(c.relname) = pg_catalog.lower(__TABLE__)
