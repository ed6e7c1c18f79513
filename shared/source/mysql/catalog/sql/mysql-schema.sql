-- One row for each schema in scope. tempTableRegex does not apply to the counts.
SELECT
  CONVERT(__DATABASE__ USING utf8mb4) AS catalog_name,
  CONVERT(s.SCHEMA_NAME USING utf8mb4) AS schema_name,
  CAST(relations.tables AS SIGNED) AS table_count,
  CAST(relations.views AS SIGNED) AS views_count,
  CONVERT(s.DEFAULT_CHARACTER_SET_NAME USING utf8mb4) AS default_character_set_name,
  CONVERT(s.DEFAULT_COLLATION_NAME USING utf8mb4) AS default_collation_name
FROM __INFORMATION_SCHEMA__.SCHEMATA AS s
LEFT JOIN (
  SELECT
    CAST(t.TABLE_SCHEMA AS BINARY) AS of_schema,
    SUM(t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')) AS tables,
    SUM(t.TABLE_TYPE = 'VIEW') AS views
  FROM __INFORMATION_SCHEMA__.TABLES AS t
  WHERE CAST(t.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__) AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
  GROUP BY CAST(t.TABLE_SCHEMA AS BINARY)
) AS relations ON relations.of_schema = CAST(s.SCHEMA_NAME AS BINARY)
WHERE CAST(s.SCHEMA_NAME AS BINARY) IN (__SCHEMAS__)
ORDER BY CAST(s.SCHEMA_NAME AS BINARY)
