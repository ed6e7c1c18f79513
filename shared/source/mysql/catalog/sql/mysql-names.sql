-- The names of all tables, views and sequences. MariaDB opens no table for it, and so shows those that are locked too.
SELECT CONVERT(t.TABLE_SCHEMA USING utf8mb4) AS table_schema, CONVERT(t.TABLE_NAME USING utf8mb4) AS table_name
FROM __INFORMATION_SCHEMA__.TABLES AS t
WHERE CAST(t.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__)
ORDER BY CAST(t.TABLE_SCHEMA AS BINARY), CAST(t.TABLE_NAME AS BINARY)
