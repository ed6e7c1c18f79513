-- One row for each procedure, function and aggregate in scope. No two have the same name in one schema.
SELECT
  CONVERT(varchar(512), CONVERT(varbinary(256), s.name), 2) AS procedure_schema,
  CONVERT(varchar(512), CONVERT(varbinary(256), o.name), 2) AS procedure_name,
  CONVERT(varchar(512), CONVERT(varbinary(256), owner.name), 2) AS source_owner,
  CONVERT(varchar(max), CONVERT(varbinary(max), m.definition), 2) AS procedure_definition,
  -- What belongs to this number is filled in later (sqlserver-completion.ts).
  CONVERT(varchar(20), o.object_id) AS routine_number,
  CONVERT(varchar(5), CASE WHEN o.type IN ('PC', 'FS', 'FT', 'AF') THEN 'CLR' ELSE 'T-SQL' END) AS language,
  CONVERT(varchar(5), CASE WHEN o.type IN ('IF', 'TF', 'FT') THEN 'TABLE' END) AS return_type
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
LEFT JOIN sys.sql_modules AS m ON m.object_id = o.object_id
LEFT JOIN sys.database_principals AS owner ON owner.principal_id = COALESCE(o.principal_id, s.principal_id)
WHERE o.type IN (__ROUTINES__) AND o.is_ms_shipped = 0 AND o.schema_id IN (__SCHEMAS__)
ORDER BY s.name COLLATE Latin1_General_BIN2, o.name COLLATE Latin1_General_BIN2
