-- One row for each table and view in scope. The numbers of rows and pages are those that the server keeps: estimates,
-- for which it reads no table.
SELECT
  CONVERT(varchar(512), CONVERT(varbinary(256), s.name), 2) AS table_schema,
  CONVERT(varchar(512), CONVERT(varbinary(256), o.name), 2) AS table_name,
  CONVERT(varchar(1), CASE
    WHEN o.type = 'V' THEN 'v'
    WHEN t.is_external = 1 THEN 'f'
    WHEN scheme.data_space_id IS NOT NULL THEN 'p'
    ELSE 'r'
  END) AS table_kind,
  CONVERT(varchar(20), CASE WHEN t.is_external = 1 THEN NULL ELSE stored.row_count END) AS row_count,
  CONVERT(int, COALESCE(own.number, 0)) AS column_count,
  CONVERT(int, CASE WHEN scheme.data_space_id IS NOT NULL THEN stored.partitions END) AS partition_count,
  CONVERT(int, CASE WHEN scheme.data_space_id IS NOT NULL THEN part.column_id END) AS partition_column,
  CONVERT(varchar(max), CONVERT(varbinary(max), m.definition), 2) AS view_definition,
  CONVERT(varchar(max), CONVERT(varbinary(max), CONVERT(nvarchar(4000), comment.value)), 2) AS remarks,
  CONVERT(varchar(20), COALESCE(used.pages, 0)) AS pages,
  CONVERT(varchar(512), CONVERT(varbinary(256), owner.name), 2) AS table_owner
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
LEFT JOIN sys.tables AS t ON t.object_id = o.object_id
LEFT JOIN sys.sql_modules AS m ON m.object_id = o.object_id
LEFT JOIN sys.database_principals AS owner ON owner.principal_id = COALESCE(o.principal_id, s.principal_id)
LEFT JOIN sys.extended_properties AS comment
  ON comment.class = 1 AND comment.major_id = o.object_id AND comment.minor_id = 0 AND comment.name = N'MS_Description'
LEFT JOIN (
  SELECT c.object_id, COUNT(*) AS number
  FROM sys.columns AS c
  GROUP BY c.object_id
) AS own ON own.object_id = o.object_id
-- 0 is the table itself, 1 is its clustered index, which contains the rows. A table has one of them.
LEFT JOIN sys.indexes AS main ON main.object_id = o.object_id AND main.index_id IN (0, 1)
LEFT JOIN sys.partition_schemes AS scheme ON scheme.data_space_id = main.data_space_id
LEFT JOIN sys.index_columns AS part
  ON part.object_id = main.object_id AND part.index_id = main.index_id AND part.partition_ordinal = 1
LEFT JOIN (
  SELECT p.object_id, COUNT(*) AS partitions, SUM(p.rows) AS row_count
  FROM sys.partitions AS p
  WHERE p.index_id IN (0, 1)
  GROUP BY p.object_id
) AS stored ON stored.object_id = o.object_id
LEFT JOIN (
  SELECT unit.object_id, SUM(unit.used_pages) AS pages
  FROM (
    SELECT p.object_id, a.used_pages
    FROM sys.partitions AS p
    JOIN sys.allocation_units AS a ON a.container_id = p.hobt_id AND a.type IN (1, 3)
    WHERE p.index_id IN (0, 1)
    UNION ALL
    SELECT p.object_id, a.used_pages
    FROM sys.partitions AS p
    JOIN sys.allocation_units AS a ON a.container_id = p.partition_id AND a.type = 2
    WHERE p.index_id IN (0, 1)
  ) AS unit
  GROUP BY unit.object_id
) AS used ON used.object_id = o.object_id
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND o.schema_id IN (__SCHEMAS__)
ORDER BY s.name COLLATE Latin1_General_BIN2, o.name COLLATE Latin1_General_BIN2
