-- The constraints that columns belong to: a row for each column of each primary, unique and foreign key.
SELECT
  CONVERT(u.TABLE_SCHEMA USING utf8mb4) AS table_schema,
  CONVERT(u.TABLE_NAME USING utf8mb4) AS table_name,
  CONVERT(u.COLUMN_NAME USING utf8mb4) AS column_name,
  CONVERT(u.CONSTRAINT_NAME USING utf8mb4) AS constraint_name,
  -- A table has one primary key, which has this name, and no other constraint has it.
  CASE
    WHEN u.REFERENCED_TABLE_NAME IS NOT NULL THEN 'FOREIGN KEY'
    WHEN CAST(u.CONSTRAINT_NAME AS BINARY) = 'PRIMARY' THEN 'PRIMARY KEY'
    ELSE 'UNIQUE'
  END AS constraint_type
FROM __INFORMATION_SCHEMA__.KEY_COLUMN_USAGE AS u
WHERE CAST(u.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__)
ORDER BY CAST(u.CONSTRAINT_NAME AS BINARY)
