-- One row for each routine in scope: procedures, functions, aggregates, window and trigger functions.
WITH scope AS (
  __SCOPE__
)
SELECT
  pg_catalog.current_database()::text AS procedure_catalog,
  scope.name::text AS procedure_schema,
  p.proname::text AS procedure_name,
  pg_catalog.pg_get_userbyid(p.proowner)::text AS source_owner,
  CASE WHEN __NO_SOURCE__ THEN NULL ELSE p.prosrc END AS procedure_definition,
  NULL::text AS procedure_type,
  CASE WHEN __NO_ARGUMENTS__ THEN __ESCAPED_ARGUMENTS__ ELSE pg_catalog.oidvectortypes(p.proargtypes) END AS argument_types,
  count(*) OVER (PARTITION BY p.pronamespace, p.proname) > 1 AS is_overloaded
FROM pg_catalog.pg_proc AS p
JOIN scope ON scope.oid = p.pronamespace
-- The account of Amazon RDS owns what belongs to the service.
WHERE pg_catalog.pg_get_userbyid(p.proowner) <> 'rdsdb' AND NOT __NO_ROUTINE__
ORDER BY scope.name, p.proname, pg_catalog.oidvectortypes(p.proargtypes) COLLATE "C"
