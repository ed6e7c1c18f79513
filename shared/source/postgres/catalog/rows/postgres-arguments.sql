-- SQL expression for the names of the argument types of a routine, pg_proc as p.
-- Like oidvectortypes(), but with the schema of every type that is not the server's own: without one, the result of
-- format_type() depends on what the login can see. One by one through the index, because a join would scan all types
-- for each routine.
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
        -- For an array, format_type() names the element.
        SELECT whole.typelem
        FROM pg_catalog.pg_type AS whole
        WHERE whole.oid = argument.type AND whole.typelem <> 0 AND whole.typcategory = 'A'
      ), argument.type)
        AND pg_catalog.pg_type_is_visible(named.oid)
    ), '') || pg_catalog.format_type(argument.type, NULL),
    ', ' ORDER BY argument.position
  )
  FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS argument (type, position)
), '')
