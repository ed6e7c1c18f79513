-- The columns in the keys of indexes, once for each index: DISTINCT would compare the names by a collation. An index of an
-- expression has no column.
SELECT
  CONVERT(s.TABLE_SCHEMA USING utf8mb4) AS table_schema,
  CONVERT(s.TABLE_NAME USING utf8mb4) AS table_name,
  CONVERT(s.COLUMN_NAME USING utf8mb4) AS column_name
FROM __INFORMATION_SCHEMA__.STATISTICS AS s
WHERE CAST(s.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__) AND s.COLUMN_NAME IS NOT NULL
