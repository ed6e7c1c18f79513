-- Tables and views of a name, in whatever case; and whether all rows are in the table itself, which has checked their values.
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name,
  c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid) AS stores
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
  AND pg_catalog.lower(n.nspname) = pg_catalog.lower(__SCHEMA__)
  AND pg_catalog.lower(c.relname) = pg_catalog.lower(__TABLE__)
