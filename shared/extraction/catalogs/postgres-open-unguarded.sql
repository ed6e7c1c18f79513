-- The same without blocks, for a login that may not use PL/pgSQL: below the caller's savepoint, and an error is one of all of them.
SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
  'relation', one.relation::int8,
  'definition', CASE WHEN one.kind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(one.relation) END,
  'insertable', CASE WHEN one.kind IN ('v', 'f') THEN pg_catalog.pg_relation_is_updatable(one.relation, false) & 8 = 8 END)), '[]')::text AS answer
FROM unnest(__RELATIONS__, __KINDS__) AS one (relation, kind)
