-- What foreign keys refer to: a row for each of their columns, if the login sees the other one. Names are compared as bytes
-- (see mysql-table.sql), those of columns without case: a constraint may spell them in another one.
SELECT
  CONVERT(u.of_schema USING utf8mb4) AS table_schema,
  CONVERT(u.of_table USING utf8mb4) AS table_name,
  CONVERT(u.of_column USING utf8mb4) AS column_name,
  CONVERT(c.TABLE_SCHEMA USING utf8mb4) AS foreign_schema,
  CONVERT(c.TABLE_NAME USING utf8mb4) AS foreign_table,
  CONVERT(c.COLUMN_NAME USING utf8mb4) AS foreign_column
FROM __INFORMATION_SCHEMA__.COLUMNS AS c
JOIN (
  SELECT
    k.TABLE_SCHEMA AS of_schema,
    k.TABLE_NAME AS of_table,
    k.COLUMN_NAME AS of_column,
    k.CONSTRAINT_NAME AS name,
    CAST(k.REFERENCED_TABLE_SCHEMA AS BINARY) AS to_schema,
    CAST(k.REFERENCED_TABLE_NAME AS BINARY) AS to_table,
    CAST(LOWER(k.REFERENCED_COLUMN_NAME) AS BINARY) AS to_column
  FROM __INFORMATION_SCHEMA__.KEY_COLUMN_USAGE AS k
  WHERE CAST(k.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__) AND k.REFERENCED_TABLE_NAME IS NOT NULL
) AS u ON u.to_schema = CAST(c.TABLE_SCHEMA AS BINARY) AND u.to_table = CAST(c.TABLE_NAME AS BINARY)
  AND u.to_column = CAST(LOWER(c.COLUMN_NAME) AS BINARY)
WHERE CAST(c.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__)
ORDER BY CAST(u.name AS BINARY)
