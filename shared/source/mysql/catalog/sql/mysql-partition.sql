-- Further rows of mysql-table.sql: each partition, and each subpartition.
UNION ALL
SELECT
  CONVERT(__DATABASE__ USING utf8mb4) AS table_catalog,
  CONVERT(p.TABLE_SCHEMA USING utf8mb4) AS table_schema,
  CONVERT(__NAME__ USING utf8mb4) AS table_name,
  __ROWS__ AS row_count,
  0 AS column_count,
  CONVERT('PARTITION' USING utf8mb4) AS table_kind,
  CONVERT('PARTITION' USING utf8mb4) AS table_type,
  __IS_PARTITIONED__ AS is_partition,
  CONVERT(__METHOD__ USING utf8mb4) AS partition_strategy,
  __COUNT__ AS partition_count,
  CONVERT(p.TABLE_NAME USING utf8mb4) AS parent_table_name,
  CONVERT(__PARENT__ USING utf8mb4) AS parent_partition_name,
  CONVERT(__CONSTRAINT__ USING utf8mb4) AS partition_constraint,
  NULL AS view_definition,
  NULL AS is_insertable_into,
  CONVERT(MAX(p.PARTITION_COMMENT) USING utf8mb4) AS remarks,
  __BYTES__ AS size_bytes,
  NULL AS engine,
  NULL AS version,
  NULL AS row_format,
  __DATA_LENGTH__ AS data_length,
  NULL AS auto_increment,
  NULL AS table_collation,
  NULL AS create_options,
  CAST(FLOOR(UNIX_TIMESTAMP(MAX(p.CREATE_TIME)) * 1000) AS SIGNED) AS create_time,
  __LEVEL__ AS partition_level,
  0 AS is_unreadable__DETAILS__
FROM __INFORMATION_SCHEMA__.PARTITIONS AS p
WHERE CAST(p.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__) AND __NAME__ IS NOT NULL
GROUP BY CAST(p.TABLE_SCHEMA AS BINARY), CAST(p.TABLE_NAME AS BINARY), __GROUP__
