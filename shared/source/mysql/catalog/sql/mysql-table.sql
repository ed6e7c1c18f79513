-- One row for each table and view in scope, and for each partition if these are wanted. Names are compared as bytes,
-- because information_schema compares them by a collation for which `Case` and `case` are the same. What is joined is a
-- derived table, which gets a key: MariaDB would compare each row with each one of another table of information_schema.
SELECT relation.*
FROM (
SELECT
  CONVERT(__DATABASE__ USING utf8mb4) AS table_catalog,
  CONVERT(t.TABLE_SCHEMA USING utf8mb4) AS table_schema,
  CONVERT(t.TABLE_NAME USING utf8mb4) AS table_name,
  -- Estimates of the engine; a few engines count.
  CAST(COALESCE(t.TABLE_ROWS, 0) AS SIGNED) AS row_count,
  CAST(COALESCE(own.columns, 0) AS SIGNED) AS column_count,
  CONVERT(t.TABLE_TYPE USING utf8mb4) AS table_kind,
  CONVERT(t.TABLE_TYPE USING utf8mb4) AS table_type,
  CAST(parts.method IS NOT NULL AS SIGNED) AS is_partition,
  CONVERT(parts.method USING utf8mb4) AS partition_strategy,
  CAST(COALESCE(parts.partitions, 0) AS SIGNED) AS partition_count,
  CONVERT(NULL USING utf8mb4) AS parent_table_name,
  CONVERT(NULL USING utf8mb4) AS parent_partition_name,
  CONVERT(NULL USING utf8mb4) AS partition_constraint,
  CONVERT(NULLIF(v.definition, '') USING utf8mb4) AS view_definition,
  CONVERT(NULLIF(v.is_updatable, '') USING utf8mb4) AS is_insertable_into,
  -- Of a table that it cannot open, MariaDB says there why.
  CONVERT(IF(t.TABLE_TYPE <> 'VIEW' AND t.ENGINE IS NULL, '', t.TABLE_COMMENT) USING utf8mb4) AS remarks,
  CAST(COALESCE(t.DATA_LENGTH, 0) + COALESCE(t.INDEX_LENGTH, 0) AS SIGNED) AS size_bytes,
  CONVERT(t.ENGINE USING utf8mb4) AS engine,
  CONVERT(CAST(t.VERSION AS CHAR) USING utf8mb4) AS version,
  CONVERT(t.ROW_FORMAT USING utf8mb4) AS row_format,
  CAST(t.DATA_LENGTH AS SIGNED) AS data_length,
  CAST(t.AUTO_INCREMENT AS CHAR) AS auto_increment,
  CONVERT(t.TABLE_COLLATION USING utf8mb4) AS table_collation,
  CONVERT(t.CREATE_OPTIONS USING utf8mb4) AS create_options,
  CAST(FLOOR(UNIX_TIMESTAMP(t.CREATE_TIME) * 1000) AS SIGNED) AS create_time,
  CAST(0 AS SIGNED) AS partition_level,
  -- MariaDB returns a table that is locked without anything else, and has columns of one that it cannot open.
  CAST(t.TABLE_TYPE <> 'VIEW' AND t.ENGINE IS NULL AND own.of_table IS NULL AS SIGNED) AS is_unreadable__DETAILS__
FROM __INFORMATION_SCHEMA__.TABLES AS t
LEFT JOIN (
  SELECT CAST(c.TABLE_SCHEMA AS BINARY) AS of_schema, CAST(c.TABLE_NAME AS BINARY) AS of_table, COUNT(*) AS columns
  FROM __INFORMATION_SCHEMA__.COLUMNS AS c
  WHERE CAST(c.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__)
  GROUP BY CAST(c.TABLE_SCHEMA AS BINARY), CAST(c.TABLE_NAME AS BINARY)
) AS own ON own.of_schema = CAST(t.TABLE_SCHEMA AS BINARY) AND own.of_table = CAST(t.TABLE_NAME AS BINARY)
LEFT JOIN (
  SELECT
    CAST(p.TABLE_SCHEMA AS BINARY) AS of_schema,
    CAST(p.TABLE_NAME AS BINARY) AS of_table,
    MAX(p.PARTITION_METHOD) AS method,
    -- A partition with subpartitions has a row for each of these.
    COUNT(DISTINCT p.PARTITION_ORDINAL_POSITION) AS partitions
  FROM __INFORMATION_SCHEMA__.PARTITIONS AS p
  WHERE CAST(p.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__) AND p.PARTITION_NAME IS NOT NULL
  GROUP BY CAST(p.TABLE_SCHEMA AS BINARY), CAST(p.TABLE_NAME AS BINARY)
) AS parts ON parts.of_schema = CAST(t.TABLE_SCHEMA AS BINARY) AND parts.of_table = CAST(t.TABLE_NAME AS BINARY)
LEFT JOIN (
  SELECT
    CAST(w.TABLE_SCHEMA AS BINARY) AS of_schema,
    CAST(w.TABLE_NAME AS BINARY) AS of_table,
    w.VIEW_DEFINITION AS definition,
    w.IS_UPDATABLE AS is_updatable
  FROM __INFORMATION_SCHEMA__.VIEWS AS w
  WHERE CAST(w.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__)
) AS v ON v.of_schema = CAST(t.TABLE_SCHEMA AS BINARY) AND v.of_table = CAST(t.TABLE_NAME AS BINARY)
WHERE CAST(t.TABLE_SCHEMA AS BINARY) IN (__SCHEMAS__) AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
__PARTITIONS__
) AS relation
ORDER BY
  CAST(relation.table_schema AS BINARY), CAST(COALESCE(relation.parent_table_name, relation.table_name) AS BINARY),
  relation.partition_level, CAST(relation.table_name AS BINARY)
