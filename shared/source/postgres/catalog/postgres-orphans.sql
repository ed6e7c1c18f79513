-- What belongs to a schema that has no row: a damaged catalog. The other queries find objects by their schema, and so none of these. The
-- number of all comes with the first ones; a name may have bytes that are no text.
WITH orphans AS (
  SELECT 'relation' AS kind, c.oid, c.relname AS name FROM pg_catalog.pg_class AS c
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.oid = c.relnamespace)
  UNION ALL
  SELECT 'routine', p.oid, p.proname FROM pg_catalog.pg_proc AS p
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.oid = p.pronamespace)
)
SELECT pg_catalog.count(*) OVER () AS number,
  CASE WHEN pg_catalog.encode(pg_catalog.textsend(name::pg_catalog.text), 'hex') ~ '^([2-7][0-9a-f])+$'
    THEN pg_catalog.concat(kind, ' ', name) ELSE pg_catalog.concat(kind, ' with OID ', oid) END AS name
FROM orphans
ORDER BY kind, oid
LIMIT 3
