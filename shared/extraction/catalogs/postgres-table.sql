-- One row for each relation in scope: tables, views, materialised views, foreign tables, partitions. Every join is by oid.
-- The name of the database is put in later (shared-texts.ts).
WITH RECURSIVE scope AS (
  __SCOPE__
),
-- A foreign table of a wrapper without a handler, and views over one: to ask whether they take rows is an error.
mute (relation) AS (
  SELECT f.ftrelid
  FROM pg_catalog.pg_foreign_table AS f
  JOIN pg_catalog.pg_foreign_server AS server ON server.oid = f.ftserver
  JOIN pg_catalog.pg_foreign_data_wrapper AS wrapper ON wrapper.oid = server.srvfdw
  WHERE wrapper.fdwhandler = 0
  UNION
  SELECT rule.ev_class
  FROM mute
  JOIN pg_catalog.pg_depend AS d
    ON d.refobjid = mute.relation AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  JOIN pg_catalog.pg_rewrite AS rule ON rule.oid = d.objid AND rule.ev_type = '1'
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
)
SELECT
  ''::text AS table_catalog,
  scope.name::text AS table_schema,
  c.relname::text AS table_name,
  -- Only what ANALYZE or VACUUM has seen has statistics. What has no pages of its own is not scaled by them.
  CASE
    WHEN c.reltuples < 0 OR c.relkind = 'v' THEN NULL
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
  parent.relname::text AS parent_table_name,
  parent.relispartition AS partitioned_parent_table,
  CASE
    WHEN c.relispartition AND c.relkind = 'r' THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid)
  END AS partition_constraint,
  keys.partnatts::int4 AS number_columns_in_part_key,
  keys.partattrs::text AS columns_participating_in_part_key,
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END AS view_definition,
  NULL::text AS self_referencing_column_name,
  NULL::text AS reference_generation,
  CASE WHEN row_type.oid IS NOT NULL THEN ''::text END AS user_defined_type_catalog,
  row_type_schema.nspname::text AS user_defined_type_schema,
  row_type.typname::text AS user_defined_type_name,
  -- As information_schema.tables has them, but whatever the login may do with the relation.
  CASE
    WHEN c.relkind IN ('r', 'p') THEN 'YES'
    WHEN mute.relation IS NOT NULL AND c.relkind <> 'm' THEN 'NO'
    WHEN c.relkind IN ('v', 'f')
      THEN CASE WHEN pg_catalog.pg_relation_is_updatable(c.oid, false) & 8 = 8 THEN 'YES' ELSE 'NO' END
  END AS is_insertable_into,
  CASE WHEN c.relkind = 'm' THEN NULL WHEN c.reloftype <> 0 THEN 'YES' ELSE 'NO' END AS is_typed,
  NULL::text AS commit_action,
  comment.description AS remarks,
  stored.bytes AS size_bytes,
  NULL::text AS location,
  NULL::text AS file_format_type,
  NULL::text AS stage_region,
  NULL::text AS engine,
  NULL::text AS ref_generation,
  parent_schema.nspname::text AS parent_table_schema,
  parent_scope.oid IS NOT NULL AND (__PARENT_IN_SCOPE__) AS is_parent_in_scope
FROM pg_catalog.pg_class AS c
JOIN scope ON scope.oid = c.relnamespace
-- The OFFSET has the size looked up once for both of its uses.
CROSS JOIN LATERAL (
  SELECT
    CASE WHEN c.relkind IN ('r', 'm') THEN coalesce(pg_catalog.pg_relation_size(c.oid), 0) ELSE 0 END::int8 AS bytes
  OFFSET 0
) AS stored
LEFT JOIN dropped ON dropped.relation = c.oid
LEFT JOIN mute ON mute.relation = c.oid
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
