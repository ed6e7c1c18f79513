-- One row for each routine in scope: procedures, functions, aggregates, window and trigger functions. The owner comes
-- as bytes, and the name of the database is filled in later (shared-columns.ts).
WITH scope AS (
  __SCOPE__
),
routine AS (
  SELECT
    scope.name AS schema,
    p.proname,
    p.pronamespace,
    p.proowner,
    CASE WHEN __NO_SOURCE__ THEN NULL ELSE p.prosrc END AS prosrc,
    CASE WHEN __NO_ARGUMENTS__ THEN __ESCAPED_ARGUMENTS__ ELSE __ARGUMENTS__ END AS argument_types__SIGNATURE__
  FROM pg_catalog.pg_proc AS p
  JOIN scope ON scope.oid = p.pronamespace
  -- Amazon RDS's own account owns what belongs to the service.
  WHERE pg_catalog.pg_get_userbyid(p.proowner) <> 'rdsdb' AND NOT __NO_ROUTINE__
)
SELECT
  ''::text AS procedure_catalog,
  routine.schema::text AS procedure_schema,
  routine.proname::text AS procedure_name,
  __OWNER__ AS source_owner,
  routine.prosrc AS procedure_definition,
  NULL::text AS procedure_type,
  routine.argument_types,
  count(*) OVER (PARTITION BY routine.pronamespace, routine.proname) > 1 AS is_overloaded__DETAILS__
FROM routine
ORDER BY routine.schema, routine.proname, routine.argument_types COLLATE "C"
