-- One row for each column in scope, also of sequences. The constraints are joined later (mysql-completion.ts): with a million
-- columns, a server takes a hundred times as long for it.
SELECT
  CONVERT(__DATABASE__ USING utf8mb4) AS table_catalog,
  CONVERT(c.TABLE_SCHEMA USING utf8mb4) AS table_schema,
  CONVERT(c.TABLE_NAME USING utf8mb4) AS table_name,
  CONVERT(c.COLUMN_NAME USING utf8mb4) AS column_name,
  CAST(c.ORDINAL_POSITION AS SIGNED) AS ordinal_position,
  CONVERT(c.COLUMN_DEFAULT USING utf8mb4) AS column_def,
  CONVERT(c.IS_NULLABLE USING utf8mb4) AS is_nullable,
  CONVERT(c.DATA_TYPE USING utf8mb4) AS data_type,
  IF(c.EXTRA LIKE '%auto_increment%', 'YES', 'NO') AS is_auto_increment,
  CAST(c.NUMERIC_PRECISION AS SIGNED) AS numeric_precision,
  CAST(c.CHARACTER_OCTET_LENGTH AS SIGNED) AS character_octet_length,
  -- MySQL has an empty text for columns that are not generated.
  IF(COALESCE(c.GENERATION_EXPRESSION, '') <> '', 'YES', 'NO') AS is_generated,
  'NO' AS is_identity,
  CONVERT(NULL USING utf8mb4) AS identity_cycle,
  CAST(COALESCE(c.CHARACTER_MAXIMUM_LENGTH, c.NUMERIC_PRECISION) AS SIGNED) AS column_size,
  CAST(c.NUMERIC_SCALE AS SIGNED) AS decimal_digits,
  CONVERT(c.COLUMN_COMMENT USING utf8mb4) AS remarks,
  CAST(COALESCE(c.NUMERIC_SCALE, 0) AS SIGNED) AS numeric_scale,
  CAST(COALESCE(c.CHARACTER_MAXIMUM_LENGTH, 0) AS SIGNED) AS max_length,
  CONVERT(c.EXTRA USING utf8mb4) AS extra_info,
  CONVERT(c.CHARACTER_SET_NAME USING utf8mb4) AS character_set_name,
  CONVERT(c.COLLATION_NAME USING utf8mb4) AS collation_name,
  CONVERT(c.COLUMN_TYPE USING utf8mb4) AS column_type,
  CONVERT(c.COLUMN_KEY USING utf8mb4) AS column_key,
  CONVERT(c.PRIVILEGES USING utf8mb4) AS privileges,
  CONVERT(c.GENERATION_EXPRESSION USING utf8mb4) AS generation_expression
FROM __INFORMATION_SCHEMA__.COLUMNS AS c
WHERE CAST(c.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__)
ORDER BY CAST(c.TABLE_SCHEMA AS BINARY), CAST(c.TABLE_NAME AS BINARY), c.ORDINAL_POSITION
