-- Every schema of the connected database except the system's, with what an extraction would make of it, and whether the
-- filters leave it.
SELECT
  s.name,
  relations.tables,
  relations.views,
  (SELECT count(*)::int4 FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = s.oid) AS routines,
  s.oid IN (SELECT oid FROM (__IN_SCOPE__) AS in_scope) AS in_scope
FROM (__SCHEMAS__) AS s
CROSS JOIN LATERAL (
  SELECT
    (count(*) FILTER (WHERE c.relkind IN ('r', 'p', 'f')))::int4 AS tables,
    (count(*) FILTER (WHERE c.relkind IN ('v', 'm')))::int4 AS views
  FROM pg_catalog.pg_class AS c
  WHERE c.relnamespace = s.oid AND __RELATION_IN_SCOPE__
) AS relations
ORDER BY s.name::text COLLATE "C"
