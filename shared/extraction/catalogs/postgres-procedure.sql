-- One row for each routine in scope: procedures, functions, aggregates, window and trigger functions. The owner comes as bytes, and the name of
-- the database is put in later (shared-texts.ts).
WITH scope AS (
  __SCOPE__
),
routine AS (
  SELECT
    scope.name AS schema,
    p.proname,
    p.pronamespace,
    p.proowner,
    p.prosrc,
    -- As oidvectortypes() has them, but every type that is not the server's own with its schema: what format_type() says depends on what the
    -- login sees without one. One by one by the index, as joined all types would be gone through for each routine.
    coalesce((
      SELECT pg_catalog.string_agg(
        coalesce((
          SELECT (
            SELECT pg_catalog.quote_ident(n.nspname::text) || '.'
            FROM pg_catalog.pg_namespace AS n
            WHERE n.oid = named.typnamespace AND n.nspname <> 'pg_catalog'
          )
          FROM pg_catalog.pg_type AS named
          WHERE named.oid = coalesce((
            -- Of an array, format_type() names the element.
            SELECT whole.typelem
            FROM pg_catalog.pg_type AS whole
            WHERE whole.oid = argument.type AND whole.typelem <> 0 AND whole.typcategory = 'A'
          ), argument.type)
            AND pg_catalog.pg_type_is_visible(named.oid)
        ), '') || pg_catalog.format_type(argument.type, NULL),
        ', ' ORDER BY argument.position
      )
      FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS argument (type, position)
    ), '') AS argument_types
  FROM pg_catalog.pg_proc AS p
  JOIN scope ON scope.oid = p.pronamespace
  -- The account of Amazon RDS owns what belongs to the service.
  WHERE pg_catalog.pg_get_userbyid(p.proowner) <> 'rdsdb'
)
SELECT
  ''::text AS procedure_catalog,
  routine.schema::text AS procedure_schema,
  routine.proname::text AS procedure_name,
  __OWNER__ AS source_owner,
  routine.prosrc AS procedure_definition,
  NULL::text AS procedure_type,
  routine.argument_types,
  count(*) OVER (PARTITION BY routine.pronamespace, routine.proname) > 1 AS is_overloaded
FROM routine
ORDER BY routine.schema, routine.proname, routine.argument_types COLLATE "C"
