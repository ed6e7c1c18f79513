-- The schemas that the login sees, except the system's and the mirror of information_schema. A server that tells names
-- apart by case may have another one called `Sys`.
SELECT CONVERT(s.SCHEMA_NAME USING utf8mb4) AS name
FROM __INFORMATION_SCHEMA__.SCHEMATA AS s
WHERE CAST(IF(@@lower_case_table_names = 0, s.SCHEMA_NAME, LOWER(s.SCHEMA_NAME)) AS BINARY) NOT IN ('mysql', 'performance_schema', 'information_schema', 'sys')
  AND CAST(s.SCHEMA_NAME AS BINARY) <> __MIRROR__
ORDER BY CAST(s.SCHEMA_NAME AS BINARY)
