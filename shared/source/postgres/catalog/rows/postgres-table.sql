-- One row for each relation in scope: tables, views, materialised views, foreign tables, partitions. Every join is by oid.
-- The name of the database is filled in later (shared-columns.ts).
WITH scope AS (
  __SCOPE__
),
dropped AS (
  SELECT a.attrelid AS relation, count(*) AS columns
  FROM pg_catalog.pg_attribute AS a
  WHERE a.attisdropped AND a.attnum > 0
  GROUP BY a.attrelid
),
partitions AS (
  SELECT i.inhparent AS parent, count(*) AS children
  FROM pg_catalog.pg_inherits AS i
  GROUP BY i.inhparent
),
-- Measured before, because a locked relation cannot be measured (postgres-measure.sql).
sizes AS (
  __SIZES__
)
SELECT
  ''::text AS table_catalog,
  scope.name::text AS table_schema,
  c.relname::text AS table_name,
  -- Only relations that ANALYZE or VACUUM has seen have statistics. A relation without pages is not scaled by them.
  CASE
    WHEN __NO_STATISTICS__ OR c.relkind = 'v' THEN NULL
    WHEN c.relkind IN ('p', 'f') THEN c.reltuples::float8
    WHEN c.relpages <= 0 THEN 0
    ELSE c.reltuples::float8 / c.relpages
      * (stored.bytes / pg_catalog.current_setting('block_size')::int8)
  END::int8 AS row_count,
  (c.relnatts - coalesce(dropped.columns, 0))::int4 AS column_count,
  c.relkind::text AS table_kind,
  CASE c.relkind
    WHEN 'r' THEN 'TABLE'
    WHEN 'p' THEN 'PARTITIONED TABLE'
    WHEN 'f' THEN 'FOREIGN TABLE'
    WHEN 'v' THEN 'VIEW'
    ELSE 'MATERIALIZED VIEW'
  END AS table_type,
  c.relispartition AS is_partition,
  keys.partstrat::text AS partition_strategy,
  CASE WHEN c.relkind = 'p' THEN partitions.children::int4 END AS partition_count,
  CASE WHEN __NO_PARENT__ THEN __ESCAPED_PARENT__ ELSE parent.relname::text END AS parent_table_name,
  parent.relispartition AS partitioned_parent_table,
  CASE
    WHEN __NO_BOUND__ THEN NULL
    -- A bound names no column: with the relation's number, Postgres 18 would wait for its lock.
    WHEN c.relispartition AND c.relkind = 'r' THEN pg_catalog.pg_get_expr(c.relpartbound, 0)
  END AS partition_constraint,
  keys.partnatts::int4 AS number_columns_in_part_key,
  keys.partattrs::text AS columns_participating_in_part_key,
  -- The definition replaces this in the end; it was read before (postgres-open.sql).
  CASE WHEN c.relkind IN ('v', 'm') THEN c.oid::text END AS view_definition,
  NULL::text AS self_referencing_column_name,
  NULL::text AS reference_generation,
  CASE WHEN row_type.oid IS NOT NULL THEN ''::text END AS user_defined_type_catalog,
  CASE WHEN __NO_ROW_TYPE__ THEN NULL ELSE row_type_schema.nspname::text END AS user_defined_type_schema,
  CASE WHEN __NO_ROW_TYPE__ THEN NULL ELSE row_type.typname::text END AS user_defined_type_name,
  -- As in information_schema.tables, but whatever the login may do with the relation.
  CASE
    WHEN c.relkind IN ('r', 'p') THEN 'YES'
    WHEN c.relkind = 'm' OR __NO_INSERTABLE__ THEN NULL
    WHEN __INSERTABLE__ THEN 'YES'
    ELSE 'NO'
  END AS is_insertable_into,
  CASE WHEN c.relkind = 'm' THEN NULL WHEN c.reloftype <> 0 THEN 'YES' ELSE 'NO' END AS is_typed,
  NULL::text AS commit_action,
  CASE WHEN __NO_COMMENT__ THEN NULL ELSE comment.description END AS remarks,
  stored.bytes AS size_bytes,
  NULL::text AS location,
  NULL::text AS file_format_type,
  NULL::text AS stage_region,
  NULL::text AS engine,
  NULL::text AS ref_generation,
  CASE WHEN __NO_PARENT__ THEN __ESCAPED_PARENT_SCHEMA__ ELSE parent_schema.nspname::text END AS parent_table_schema,
  parent_scope.oid IS NOT NULL AND (__PARENT_IN_SCOPE__) AS is_parent_in_scope__DETAILS__
FROM pg_catalog.pg_class AS c
JOIN scope ON scope.oid = c.relnamespace
LEFT JOIN sizes ON sizes.relation = c.oid
CROSS JOIN LATERAL (
  SELECT
    CASE
      WHEN c.relkind IN ('r', 'm')
        THEN coalesce(sizes.bytes, c.relpages::int8 * pg_catalog.current_setting('block_size')::int8)
      ELSE 0
    END::int8 AS bytes
) AS stored
LEFT JOIN dropped ON dropped.relation = c.oid
LEFT JOIN partitions ON partitions.parent = c.oid
LEFT JOIN pg_catalog.pg_partitioned_table AS keys ON keys.partrelid = c.oid
LEFT JOIN pg_catalog.pg_inherits AS inherited ON inherited.inhrelid = c.oid AND c.relispartition
LEFT JOIN pg_catalog.pg_class AS parent ON parent.oid = inherited.inhparent
LEFT JOIN pg_catalog.pg_namespace AS parent_schema ON parent_schema.oid = parent.relnamespace
LEFT JOIN scope AS parent_scope ON parent_scope.oid = parent.relnamespace
LEFT JOIN pg_catalog.pg_type AS row_type ON row_type.oid = c.reloftype AND c.reloftype <> 0
LEFT JOIN pg_catalog.pg_namespace AS row_type_schema ON row_type_schema.oid = row_type.typnamespace
LEFT JOIN pg_catalog.pg_description AS comment
  ON comment.objoid = c.oid AND comment.objsubid = 0 AND comment.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.reltype <> 0 AND __RELATION_IN_SCOPE__
ORDER BY scope.name, c.relname
