-- The one database of a server: its catalog. Filters do not apply.
SELECT
  CONVERT(__DATABASE__ USING utf8mb4) AS datname,
  CONVERT(__DATABASE__ USING utf8mb4) AS database_name,
  CAST(COUNT(*) AS SIGNED) AS schema_count
FROM __INFORMATION_SCHEMA__.SCHEMATA AS s
WHERE CAST(IF(@@lower_case_table_names = 0, s.SCHEMA_NAME, LOWER(s.SCHEMA_NAME)) AS BINARY) NOT IN ('mysql', 'performance_schema', 'information_schema', 'sys')
  AND CAST(s.SCHEMA_NAME AS BINARY) <> __MIRROR__
