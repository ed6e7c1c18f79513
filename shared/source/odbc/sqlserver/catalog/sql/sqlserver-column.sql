-- One row for each column of the relations in scope, also of computed and hidden ones.
SELECT
  o.object_id AS table_number,
  CONVERT(varchar(512), CONVERT(varbinary(256), s.name), 2) AS table_schema,
  CONVERT(varchar(512), CONVERT(varbinary(256), o.name), 2) AS table_name,
  CONVERT(varchar(1), CASE
    WHEN o.type = 'V' THEN 'v'
    WHEN tab.is_external = 1 THEN 'f'
    WHEN scheme.data_space_id IS NOT NULL THEN 'p'
    ELSE 'r'
  END) AS table_kind,
  CONVERT(varchar(512), CONVERT(varbinary(256), c.name), 2) AS column_name,
  c.column_id AS ordinal_position,
  CONVERT(int, DENSE_RANK() OVER (ORDER BY c.user_type_id, c.max_length, c.precision, c.scale)) AS type_number,
  CONVERT(varchar(512), CONVERT(varbinary(256), COALESCE(t.name, base.name)), 2) AS data_type,
  CONVERT(varchar(2048), CONVERT(varbinary(1024), __TYPE__), 2) AS declared,
  CONVERT(int, CASE
    WHEN base.name IN (N'tinyint', N'smallint', N'int', N'bigint', N'decimal', N'numeric', N'money', N'smallmoney', N'float', N'real')
      THEN c.precision
  END) AS decimal_digits,
  CONVERT(int, CASE
    WHEN base.name IN (N'decimal', N'numeric', N'money', N'smallmoney') THEN c.scale
    ELSE 0
  END) AS numeric_scale,
  -- Of (max), there is none.
  CONVERT(int, CASE
    WHEN c.max_length > 0 AND base.name IN (N'nchar', N'nvarchar') THEN c.max_length / 2
    WHEN c.max_length > 0 AND base.name IN (N'char', N'varchar', N'binary', N'varbinary') THEN c.max_length
    ELSE 0
  END) AS max_length,
  CONVERT(int, CASE
    WHEN c.max_length > 0 AND base.name IN (N'char', N'varchar', N'binary', N'varbinary', N'nchar', N'nvarchar')
      THEN c.max_length
  END) AS character_octet_length,
  CONVERT(int, c.is_nullable) AS is_nullable,
  CONVERT(int, c.is_identity) AS is_identity,
  CONVERT(int, CASE WHEN c.is_computed = 1 OR c.generated_always_type > 0 THEN 1 ELSE 0 END) AS is_generated,
  CONVERT(int, CASE WHEN preset.definition LIKE N'%NEXT VALUE FOR%' THEN 1 ELSE 0 END) AS is_sequence,
  CONVERT(varchar(max), CONVERT(varbinary(max), COALESCE(computed.definition, preset.definition)), 2) AS column_def,
  CONVERT(varchar(max), CONVERT(varbinary(max), CONVERT(nvarchar(4000), comment.value)), 2) AS remarks,
  CONVERT(int, COALESCE(keys.is_primary, 0)) AS is_primary,
  CONVERT(int, COALESCE(keys.is_unique, 0)) AS is_unique,
  CONVERT(int, CASE WHEN fk.name IS NULL THEN 0 ELSE 1 END) AS is_foreign,
  CONVERT(varchar(512), CONVERT(varbinary(256), NULLIF(keys.primary_name, N'')), 2) AS primary_name,
  CONVERT(varchar(512), CONVERT(varbinary(256), NULLIF(keys.unique_name, N'')), 2) AS unique_name,
  CONVERT(varchar(512), CONVERT(varbinary(256), fk.name), 2) AS foreign_name,
  CONVERT(int, COALESCE(keys.is_indexed, 0)) AS is_indexed,
  CONVERT(int, NULLIF(keys.partition_position, 0)) AS partition_position
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
JOIN sys.columns AS c ON c.object_id = o.object_id
LEFT JOIN sys.tables AS tab ON tab.object_id = o.object_id
LEFT JOIN sys.indexes AS main ON main.object_id = o.object_id AND main.index_id IN (0, 1)
LEFT JOIN sys.partition_schemes AS scheme ON scheme.data_space_id = main.data_space_id
LEFT JOIN sys.types AS t ON t.user_type_id = c.user_type_id
LEFT JOIN sys.schemas AS ts ON ts.schema_id = t.schema_id
-- A system type has the same number twice, those of .NET have none to be made of.
LEFT JOIN sys.types AS base ON base.user_type_id = c.system_type_id
LEFT JOIN sys.default_constraints AS preset ON preset.object_id = c.default_object_id
LEFT JOIN sys.computed_columns AS computed
  ON computed.object_id = c.object_id AND computed.column_id = c.column_id
LEFT JOIN sys.extended_properties AS comment
  ON comment.class = 1 AND comment.major_id = c.object_id AND comment.minor_id = c.column_id
  AND comment.name = N'MS_Description'
LEFT JOIN (
  -- An aggregate over a NULL would come with a warning, which drivers report.
  SELECT
    ic.object_id,
    ic.column_id,
    MAX(CASE WHEN ic.key_ordinal > 0 AND i.is_primary_key = 1 THEN 1 ELSE 0 END) AS is_primary,
    MAX(CASE WHEN ic.key_ordinal > 0 AND i.is_unique_constraint = 1 THEN 1 ELSE 0 END) AS is_unique,
    MAX(CASE WHEN ic.key_ordinal > 0 AND i.is_disabled = 0 AND i.is_hypothetical = 0 THEN 1 ELSE 0 END) AS is_indexed,
    MAX(CASE WHEN ic.key_ordinal > 0 AND i.is_primary_key = 1 THEN i.name ELSE N'' END) AS primary_name,
    MAX(CASE WHEN ic.key_ordinal > 0 AND i.is_unique_constraint = 1 THEN i.name ELSE N'' END) AS unique_name,
    MAX(CASE WHEN i.index_id IN (0, 1) THEN CONVERT(int, ic.partition_ordinal) ELSE 0 END) AS partition_position
  FROM sys.index_columns AS ic
  JOIN sys.indexes AS i ON i.object_id = ic.object_id AND i.index_id = ic.index_id
  GROUP BY ic.object_id, ic.column_id
) AS keys ON keys.object_id = c.object_id AND keys.column_id = c.column_id
LEFT JOIN (
  SELECT fc.parent_object_id, fc.parent_column_id, MIN(f.name) AS name
  FROM sys.foreign_key_columns AS fc
  JOIN sys.foreign_keys AS f ON f.object_id = fc.constraint_object_id
  GROUP BY fc.parent_object_id, fc.parent_column_id
) AS fk ON fk.parent_object_id = c.object_id AND fk.parent_column_id = c.column_id
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND o.schema_id IN (__SCHEMAS__)
ORDER BY s.name COLLATE Latin1_General_BIN2, o.name COLLATE Latin1_General_BIN2, c.column_id
