-- The tables and views that the login sees in these schemas, in the order of all other queries.
SELECT
  o.object_id,
  s.schema_id,
  CONVERT(varchar(512), CONVERT(varbinary(256), o.name), 2) AS name,
  CONVERT(int, CASE o.type WHEN 'V' THEN 1 ELSE 0 END) AS is_view
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND o.schema_id IN (__SCHEMAS__)
ORDER BY s.name COLLATE Latin1_General_BIN2, o.name COLLATE Latin1_General_BIN2
