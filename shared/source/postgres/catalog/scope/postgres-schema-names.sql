-- The schemas of the connected database in the order in which the catalog has them, as Atlan's app lists them.
SELECT n.nspname::text AS name
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY n.ctid
