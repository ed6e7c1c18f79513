-- One row for each column of the relations in scope. Every join is by oid; what there may be several of is gathered before it is joined.
WITH RECURSIVE scope AS (
  __SCOPE__
),
relation AS (
  SELECT
    c.oid,
    scope.name AS schema,
    c.relname AS name,
    c.relkind,
    c.relispartition,
    -- Columns are sorted by this number: names are longer to compare, and there are a hundred times as many of them.
    row_number() OVER (ORDER BY scope.name, c.relname) AS position
  FROM pg_catalog.pg_class AS c
  JOIN scope ON scope.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.reltype <> 0 AND __RELATION_IN_SCOPE__
),
-- A domain may be made of another one; its modifier (length, digits) is that of the last.
domain (oid, base, typmod) AS (
  SELECT t.oid, t.typbasetype, t.typtypmod FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd'
  UNION ALL
  SELECT d.oid, t.typbasetype, t.typtypmod
  FROM domain AS d
  JOIN pg_catalog.pg_type AS t ON t.oid = d.base AND t.typtype = 'd'
),
type AS (
  SELECT
    t.oid,
    t.typname,
    t.typtype,
    t.typlen,
    t.typtypmod,
    t.typelem,
    coalesce(base.oid, t.oid) AS base,
    d.typmod AS domain_typmod,
    (CASE WHEN t.typelem <> 0 THEN t.typelem ELSE t.oid END)::pg_catalog.regtype::text AS element_name
  FROM pg_catalog.pg_type AS t
  LEFT JOIN (domain AS d JOIN pg_catalog.pg_type AS base ON base.oid = d.base AND base.typtype <> 'd') ON d.oid = t.oid
  -- Names are looked up once for each type, not for each column.
  OFFSET 0
),
key AS (
  SELECT
    k.conrelid AS relation,
    part.attnum,
    bool_or(k.contype = 'p') AS is_primary,
    bool_or(k.contype = 'f') AS is_foreign,
    string_agg(DISTINCT k.contype::text, ',' ORDER BY k.contype::text) AS types,
    string_agg(k.conname::text, ',' ORDER BY k.conname) AS names
  FROM pg_catalog.pg_constraint AS k
  CROSS JOIN LATERAL unnest(k.conkey) AS part (attnum)
  WHERE k.contype IN ('p', 'f', 'u', 'c', 'x') AND k.conrelid <> 0
  GROUP BY k.conrelid, part.attnum
),
preset AS (
  SELECT
    d.adrelid AS relation,
    d.adnum AS attnum,
    -- Only what is generated from other columns needs the relation, whose columns Postgres then gets ready for each expression.
    pg_catalog.pg_get_expr(d.adbin, CASE WHEN d.adbin::text LIKE '%{VAR %' THEN d.adrelid ELSE 0 END) AS expression
  FROM pg_catalog.pg_attrdef AS d
  JOIN relation ON relation.oid = d.adrelid
  OFFSET 0
)
SELECT
  pg_catalog.current_database()::text AS table_catalog,
  relation.schema::text AS table_schema,
  relation.name::text AS table_name,
  a.attname::text AS column_name,
  a.attnum::int4 AS ordinal_position,
  preset.expression AS column_def,
  CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
  type.typname::text AS data_type,
  CASE WHEN a.attidentity <> '' OR preset.expression LIKE 'nextval%' THEN 'YES' ELSE 'NO' END AS is_auto_increment,
  CASE WHEN type.typtype = 'd' THEN type.typtypmod END::int4 AS numeric_precision,
  CASE WHEN type.typtype = 'b' AND type.typelem <> 0 THEN type.typlen END::int4 AS character_octet_length,
  CASE WHEN __GENERATED__ <> '' THEN 'YES' ELSE 'NO' END AS is_generated,
  CASE WHEN a.attidentity <> '' THEN 'YES' ELSE 'NO' END AS is_identity,
  NULL::text AS identity_cycle,
  type.element_name AS column_size,
  10::int4 AS num_prec_radix,
  CASE
    WHEN type.base = 'pg_catalog.int2'::pg_catalog.regtype THEN 16
    WHEN type.base = 'pg_catalog.int4'::pg_catalog.regtype THEN 32
    WHEN type.base = 'pg_catalog.int8'::pg_catalog.regtype THEN 64
    WHEN type.base = 'pg_catalog.numeric'::pg_catalog.regtype AND modifier.value >= 4
      THEN ((modifier.value - 4) >> 16) & 65535
  END::int4 AS decimal_digits,
  CASE relation.relkind
    WHEN 'r' THEN 'TABLE'
    WHEN 'p' THEN 'PARTITIONED TABLE'
    WHEN 'f' THEN 'FOREIGN TABLE'
    WHEN 'v' THEN 'VIEW'
    ELSE 'MATERIALIZED VIEW'
  END AS table_type,
  relation.relispartition AS belongs_to_partition,
  relation.relkind = 'p' AS partitioned_table,
  key.types AS constraint_type,
  key.names AS constraint_name,
  comment.description AS remarks,
  NULL::int4 AS partition_order,
  NULL::text AS is_partition,
  -- Eleven bits with a sign: numeric(5,-2) from Postgres 15 on.
  CASE
    WHEN type.base = 'pg_catalog.numeric'::pg_catalog.regtype AND modifier.value >= 4
      THEN (((modifier.value - 4) & 2047) # 1024) - 1024
    ELSE 0
  END::int4 AS numeric_scale,
  CASE
    WHEN type.base IN ('pg_catalog.varchar'::pg_catalog.regtype, 'pg_catalog.bpchar'::pg_catalog.regtype)
      AND modifier.value >= 4
      THEN modifier.value - 4
    ELSE 0
  END::int4 AS max_length,
  NULL::text AS is_self_referencing,
  coalesce(key.is_primary, false) AS is_primary,
  coalesce(key.is_foreign, false) AS is_foreign,
  relation.position::int4 AS table_number,
  type.oid::int8 AS type_number,
  (
    a.attnotnull::int4
    + 2 * (a.attidentity <> '' OR coalesce(preset.expression LIKE 'nextval%', false))::int4
    + 4 * (__GENERATED__ <> '')::int4
    + 8 * (a.attidentity <> '')::int4
    + 16 * coalesce(key.is_primary, false)::int4
    + 32 * coalesce(key.is_foreign, false)::int4
  )::int4 AS flags
FROM relation
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN type ON type.oid = a.atttypid
CROSS JOIN LATERAL (
  SELECT CASE WHEN type.typtype = 'd' THEN type.domain_typmod ELSE a.atttypmod END AS value
) AS modifier
LEFT JOIN key ON key.relation = a.attrelid AND key.attnum = a.attnum
LEFT JOIN preset ON preset.relation = a.attrelid AND preset.attnum = a.attnum
LEFT JOIN pg_catalog.pg_description AS comment
  ON comment.objoid = a.attrelid AND comment.objsubid = a.attnum AND comment.objsubid > 0
  AND comment.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
ORDER BY relation.position, a.attnum
