-- One row for each schema in scope, with its owner as bytes; the name of the database is filled in later
-- (shared-columns.ts). tempTableRegex does not apply to the counts.
WITH scope AS (
  __SCOPE__
),
counts AS (
  SELECT
    c.relnamespace AS namespace,
    count(*) FILTER (WHERE c.relkind IN ('r', 'p', 'f')) AS tables,
    count(*) FILTER (WHERE c.relkind IN ('v', 'm')) AS views
  FROM pg_catalog.pg_class AS c
  GROUP BY c.relnamespace
)
SELECT
  ''::text AS catalog_name,
  n.nspname::text AS schema_name,
  __OWNER__ AS schema_owner,
  counts.tables::int4 AS table_count,
  counts.views::int4 AS views_count
FROM scope
JOIN pg_catalog.pg_namespace AS n ON n.oid = scope.oid
LEFT JOIN counts ON counts.namespace = n.oid
ORDER BY n.nspname
