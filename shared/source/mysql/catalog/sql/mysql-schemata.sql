-- The schemas that the login sees, except the system's and the mirror of information_schema.
SELECT CONVERT(s.SCHEMA_NAME USING utf8mb4) AS name
FROM __INFORMATION_SCHEMA__.SCHEMATA AS s
WHERE LOWER(s.SCHEMA_NAME) NOT IN ('mysql', 'performance_schema', 'information_schema', 'sys')
  AND CAST(s.SCHEMA_NAME AS BINARY) <> __MIRROR__
ORDER BY CAST(s.SCHEMA_NAME AS BINARY)
