-- The parameters of routines, in their order. 0 is what a scalar function returns.
SELECT
  p.object_id,
  p.parameter_id,
  CONVERT(varchar(512), CONVERT(varbinary(256), p.name), 2) AS name,
  CONVERT(varchar(2048), CONVERT(varbinary(1024), __TYPE__), 2) AS type
FROM sys.parameters AS p
JOIN sys.objects AS o ON o.object_id = p.object_id
LEFT JOIN sys.types AS t ON t.user_type_id = p.user_type_id
LEFT JOIN sys.schemas AS ts ON ts.schema_id = t.schema_id
LEFT JOIN sys.types AS base ON base.user_type_id = p.system_type_id
WHERE o.type IN (__ROUTINES__) AND o.is_ms_shipped = 0 AND o.schema_id IN (__SCHEMAS__)
ORDER BY p.object_id, p.parameter_id
