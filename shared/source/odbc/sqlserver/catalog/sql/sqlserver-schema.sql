-- One row for each schema in scope. tempTableRegex does not apply to the counts.
SELECT
  CONVERT(varchar(512), CONVERT(varbinary(256), s.name), 2) AS schema_name,
  CONVERT(varchar(512), CONVERT(varbinary(256), p.name), 2) AS schema_owner,
  CONVERT(int, relations.tables) AS table_count,
  CONVERT(int, relations.views) AS views_count
FROM sys.schemas AS s
-- A login sees the names of few other users.
LEFT JOIN sys.database_principals AS p ON p.principal_id = s.principal_id
LEFT JOIN (
  SELECT
    o.schema_id,
    SUM(CASE o.type WHEN 'U' THEN 1 ELSE 0 END) AS tables,
    SUM(CASE o.type WHEN 'V' THEN 1 ELSE 0 END) AS views
  FROM sys.objects AS o
  WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
  GROUP BY o.schema_id
) AS relations ON relations.schema_id = s.schema_id
WHERE s.schema_id IN (__SCHEMAS__)
ORDER BY s.name COLLATE Latin1_General_BIN2
