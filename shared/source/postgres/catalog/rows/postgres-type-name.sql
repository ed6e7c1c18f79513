-- SQL expression for the name of the type __TYPE__ with the modifier __MODIFIER__.
-- Like format_type(), but with the schema of every type that is not the server's own: without one, the result of
-- format_type() depends on what the login can see. Through the index, because a join would scan all types for each row.
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
    WHERE whole.oid = __TYPE__ AND whole.typelem <> 0 AND whole.typcategory = 'A'
  ), __TYPE__)
    AND pg_catalog.pg_type_is_visible(named.oid)
), '') || pg_catalog.format_type(__TYPE__, __MODIFIER__)
