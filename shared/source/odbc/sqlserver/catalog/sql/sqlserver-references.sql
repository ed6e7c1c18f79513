-- What foreign keys refer to: a row for each of their columns, if the login sees the other one. Those of one column come
-- in the order of the names of the keys.
SELECT
  fc.parent_object_id,
  fc.parent_column_id,
  fc.referenced_object_id,
  CONVERT(varchar(512), CONVERT(varbinary(256), s.name), 2) AS foreign_schema,
  CONVERT(varchar(512), CONVERT(varbinary(256), o.name), 2) AS foreign_table,
  CONVERT(varchar(512), CONVERT(varbinary(256), c.name), 2) AS foreign_column
FROM sys.foreign_key_columns AS fc
JOIN sys.foreign_keys AS f ON f.object_id = fc.constraint_object_id
JOIN sys.objects AS o ON o.object_id = fc.referenced_object_id
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
JOIN sys.columns AS c ON c.object_id = fc.referenced_object_id AND c.column_id = fc.referenced_column_id
WHERE f.schema_id IN (__SCHEMAS__) AND o.schema_id IN (__SCHEMAS__)
ORDER BY f.name COLLATE Latin1_General_BIN2, fc.constraint_object_id, fc.constraint_column_id
