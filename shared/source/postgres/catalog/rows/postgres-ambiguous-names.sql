-- What is in scope and may have the same qualifiedName as something else (see qualified-names.ts): first schemas,
-- without a relation, then relations in the order of the table query.
WITH scope AS (
  __SCOPE__
),
relation AS (
  SELECT scope.name AS schema, c.relname AS name
  FROM pg_catalog.pg_class AS c
  JOIN scope ON scope.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.reltype <> 0 AND __RELATION_IN_SCOPE__
)
SELECT found.schema::text AS table_schema, found.name::text AS table_name
FROM (
  SELECT scope.name AS schema, NULL::name AS name FROM scope WHERE scope.name::text ~ '/'
  UNION ALL
  SELECT relation.schema, relation.name
  FROM relation
  WHERE relation.schema::text ~ '[/%(]' OR relation.name::text ~ '[/%(]'
    OR relation.schema::text || '/' || relation.name::text IN (SELECT scope.name::text FROM scope)
) AS found
ORDER BY found.name IS NOT NULL, found.schema, found.name
