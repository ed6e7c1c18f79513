-- SQL expression for the names of the argument types of a routine, pg_proc as p: like oidvectortypes(), but with the
-- names of postgres-type-name.sql.
coalesce((
  SELECT pg_catalog.string_agg(
    __TYPE_NAME__,
    ', ' ORDER BY argument.position
  )
  FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS argument (type, position)
), '')
