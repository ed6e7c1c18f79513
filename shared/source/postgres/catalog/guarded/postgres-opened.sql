-- The relations in scope that must be opened to learn something about them, and a version that distinguishes their
-- states. No texts, because a name may be unreadable.
WITH scope AS (
  __SCOPE__
)
SELECT c.oid::int8 AS relation, c.relkind::text AS kind, pg_catalog.concat_ws(' ', c.xmin, rule.oid, rule.xmin) AS version
FROM pg_catalog.pg_class AS c
JOIN scope ON scope.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_rewrite AS rule ON rule.ev_class = c.oid AND rule.ev_type = '1'
WHERE c.relkind IN ('v', 'm', 'f') AND c.reltype <> 0 AND __RELATION_IN_SCOPE__
ORDER BY c.oid
