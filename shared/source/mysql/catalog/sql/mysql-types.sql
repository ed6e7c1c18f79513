-- What each of these is (see mysql-names.sql): MariaDB leaves out what is locked.
SELECT
  CONVERT(t.TABLE_SCHEMA USING utf8mb4) AS table_schema,
  CONVERT(t.TABLE_NAME USING utf8mb4) AS table_name,
  CONVERT(t.TABLE_TYPE USING utf8mb4) AS table_type
FROM __INFORMATION_SCHEMA__.TABLES AS t
WHERE CAST(t.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__)
