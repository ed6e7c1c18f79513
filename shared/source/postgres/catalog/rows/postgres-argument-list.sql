-- SQL expression for the arguments of a routine, pg_proc as p, as a JSON array of names (null without one) and types, in
-- their order. Columns of a returned table are no arguments.
coalesce((
  SELECT pg_catalog.json_agg(
    pg_catalog.json_build_array(nullif(argument.name, ''), __TYPE_NAME__)
    ORDER BY argument.position
  )::text
  FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes::text[], p.proargnames)
    WITH ORDINALITY AS argument (type, mode, name, position)
  WHERE argument.type IS NOT NULL AND coalesce(argument.mode, 'i') <> 't'
), '[]')
