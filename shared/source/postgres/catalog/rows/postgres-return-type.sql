-- SQL expression for what a function returns, pg_proc as p: as in CREATE FUNCTION.
coalesce(
  (
    SELECT 'TABLE(' || pg_catalog.string_agg(
      pg_catalog.quote_ident(argument.name) || ' ' || (__ARGUMENT_TYPE__),
      ', ' ORDER BY argument.position
    ) || ')'
    FROM unnest(p.proallargtypes, p.proargmodes::text[], p.proargnames)
      WITH ORDINALITY AS argument (type, mode, name, position)
    WHERE argument.mode = 't'
  ),
  CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END || (__TYPE_NAME__)
)
