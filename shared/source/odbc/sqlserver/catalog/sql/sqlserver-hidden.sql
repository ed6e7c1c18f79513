-- Views and routines in scope without a definition: encrypted ones, and those whose definition the login may not see.
SELECT
  CONVERT(int, COUNT(*) OVER ()) AS number,
  CONVERT(varchar(1040), CONVERT(varbinary(520), s.name + N'.' + o.name), 2) AS name
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
LEFT JOIN sys.sql_modules AS m ON m.object_id = o.object_id
WHERE o.type IN ('V', 'P', 'FN', 'IF', 'TF') AND o.is_ms_shipped = 0 AND o.schema_id IN (__SCHEMAS__)
  AND m.definition IS NULL
ORDER BY s.name COLLATE Latin1_General_BIN2, o.name COLLATE Latin1_General_BIN2
OFFSET 0 ROWS FETCH NEXT 3 ROWS ONLY
