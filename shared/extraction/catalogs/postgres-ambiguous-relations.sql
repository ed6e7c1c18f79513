-- The relations in scope whose qualifiedName may also be that of others, in the order of the table query (see qualified-names.ts).
WITH scope AS (
  __SCOPE__
)
SELECT scope.name::text AS table_schema, c.relname::text AS table_name
FROM pg_catalog.pg_class AS c
JOIN scope ON scope.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.reltype <> 0 AND __RELATION_IN_SCOPE__
  AND (scope.name::text ~ '[/%(]' OR c.relname::text ~ '[/%(]')
ORDER BY scope.name, c.relname
