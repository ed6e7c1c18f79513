-- The same without blocks, for a login that may not use PL/pgSQL: below the caller's savepoint, and an error concerns
-- all of them.
SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
  'relation', one.relation::int8, 'kind', one.kind, 'version', one.version,
  'definition', CASE WHEN one.kind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(one.relation::oid) END,
  'insertable', CASE WHEN one.kind = 'f' OR one.kind = 'v' AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.relkind = 'v' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = c.oid AND r.ev_type = '1')) THEN pg_catalog.pg_relation_is_updatable(one.relation::oid, false) & 8 = 8 END)), '[]')::text AS answer
FROM (__ASKED__) AS one
