-- One row for each column of the relations in scope. Every join is by oid; what may occur several times is aggregated
-- before it is joined. Relations come in their order, and the columns of each after those of the previous one
-- (LATERAL): the rows of each relation are sorted separately, so that the first ones arrive at once, however many there
-- are (an incremental sort; Postgres 12 and older sort them all).
WITH scope AS (
  __SCOPE__
),
relation AS (
  SELECT
    c.oid,
    scope.name AS schema,
    c.relname AS name,
    c.relkind,
    c.relispartition,
    -- Columns are sorted by this number: comparing names takes longer, and there are a hundred times as many columns.
    row_number() OVER (ORDER BY scope.name, c.relname) AS position
  FROM pg_catalog.pg_class AS c
  JOIN scope ON scope.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.reltype <> 0 AND __RELATION_IN_SCOPE__
)
SELECT
  -- The name of the database is filled in later (shared-columns.ts).
  ''::text AS table_catalog,
  relation.schema::text AS table_schema,
  relation.name::text AS table_name,
  attribute.attname::text AS column_name,
  attribute.attnum::int4 AS ordinal_position,
  attribute.expression AS column_def,
  CASE WHEN attribute.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
  CASE WHEN attribute.no_type THEN __ESCAPED_TYPE__ ELSE coalesce(attribute.typname::text, '???') END AS data_type,
  CASE WHEN attribute.attidentity <> '' OR attribute.expression LIKE 'nextval%' THEN 'YES' ELSE 'NO' END AS is_auto_increment,
  CASE WHEN attribute.typtype = 'd' THEN attribute.typtypmod END::int4 AS numeric_precision,
  CASE WHEN attribute.typtype = 'b' AND attribute.typelem <> 0 THEN attribute.typlen END::int4 AS character_octet_length,
  CASE WHEN attribute.generated <> '' THEN 'YES' ELSE 'NO' END AS is_generated,
  CASE WHEN attribute.attidentity <> '' THEN 'YES' ELSE 'NO' END AS is_identity,
  NULL::text AS identity_cycle,
  CASE WHEN attribute.no_type THEN __ESCAPED_ELEMENT__ ELSE attribute.element_name END AS column_size,
  10::int4 AS num_prec_radix,
  CASE
    WHEN attribute.base_type = 'pg_catalog.int2'::pg_catalog.regtype THEN 16
    WHEN attribute.base_type = 'pg_catalog.int4'::pg_catalog.regtype THEN 32
    WHEN attribute.base_type = 'pg_catalog.int8'::pg_catalog.regtype THEN 64
    WHEN attribute.base_type = 'pg_catalog.numeric'::pg_catalog.regtype AND attribute.modifier >= 4
      THEN ((attribute.modifier - 4) >> 16) & 65535
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
  attribute.key_types AS constraint_type,
  attribute.key_names AS constraint_name,
  attribute.comment AS remarks,
  NULL::int4 AS partition_order,
  NULL::text AS is_partition,
  -- Eleven bits with a sign: numeric(5,-2) exists from Postgres 15 on.
  CASE
    WHEN attribute.base_type = 'pg_catalog.numeric'::pg_catalog.regtype AND attribute.modifier >= 4
      THEN (((attribute.modifier - 4) & 2047) # 1024) - 1024
    ELSE 0
  END::int4 AS numeric_scale,
  CASE
    WHEN attribute.base_type IN ('pg_catalog.varchar'::pg_catalog.regtype, 'pg_catalog.bpchar'::pg_catalog.regtype)
      AND attribute.modifier >= 4
      THEN attribute.modifier - 4
    ELSE 0
  END::int4 AS max_length,
  NULL::text AS is_self_referencing,
  coalesce(attribute.is_primary, false) AS is_primary,
  coalesce(attribute.is_foreign, false) AS is_foreign,
  relation.position::int4 AS table_number,
  -- An int4 like the others, although not every oid fits.
  attribute.atttypid::int8::bit(32)::int4 AS type_number,
  (
    attribute.attnotnull::int4
    + 2 * (attribute.attidentity <> '' OR coalesce(attribute.expression LIKE 'nextval%', false))::int4
    + 4 * (attribute.generated <> '')::int4
    + 8 * (attribute.attidentity <> '')::int4
    + 16 * coalesce(attribute.is_primary, false)::int4
    + 32 * coalesce(attribute.is_foreign, false)::int4
  )::int4 AS flags__DETAILS__
FROM (SELECT * FROM relation ORDER BY position) AS relation
CROSS JOIN LATERAL (
  SELECT
    a.attname,
    a.attnum,
    a.attnotnull,
    a.attidentity,
    a.atttypid,
    __GENERATED__ AS generated,
    type.typname,
    type.typtype,
    type.typlen,
    type.typtypmod,
    type.typelem,
    coalesce(type.domain[1]::oid, a.atttypid) AS base_type,
    CASE WHEN type.typtype = 'd' THEN type.domain[2]::int4 ELSE a.atttypmod END AS modifier,
    (CASE WHEN type.typelem <> 0 THEN type.typelem ELSE a.atttypid END)::pg_catalog.regtype::text AS element_name,
    __NO_TYPE__ AS no_type,
    CASE WHEN a.atthasdef AND NOT __NO_DEFAULT__ THEN (
      -- Only generated columns need the relation, whose columns Postgres then prepares for each expression.
      SELECT pg_catalog.pg_get_expr(d.adbin, CASE WHEN d.adbin::text LIKE '%{VAR %' THEN d.adrelid ELSE 0 END)
      FROM pg_catalog.pg_attrdef AS d
      WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum
    ) END AS expression,
    key.is_primary,
    key.is_foreign,
    key.types AS key_types,
    CASE WHEN __NO_KEYS__ THEN NULL ELSE key.names END AS key_names,
    CASE WHEN __NO_COMMENT__ THEN NULL ELSE comment.description END AS comment__OWN_DETAILS__
  FROM pg_catalog.pg_attribute AS a
  -- A column whose type is missing from a damaged catalog is still a column.
  LEFT JOIN LATERAL (
    SELECT
      t.typname,
      t.typtype,
      t.typlen,
      t.typtypmod,
      t.typelem,
      -- A domain may be based on another one; its modifier (length, digits) is that of the last.
      CASE WHEN t.typtype = 'd' THEN (
        WITH RECURSIVE made_of (base, typmod) AS (
          SELECT t.typbasetype, t.typtypmod
          UNION ALL
          SELECT other.typbasetype, other.typtypmod
          FROM made_of
          CROSS JOIN LATERAL (
            SELECT d.typbasetype, d.typtypmod
            FROM pg_catalog.pg_type AS d
            WHERE d.oid = made_of.base AND d.typtype = 'd'
            OFFSET 0
          ) AS other
        )
        SELECT ARRAY[made_of.base::int8, made_of.typmod::int8]
        FROM made_of
        CROSS JOIN LATERAL (
          SELECT 1 FROM pg_catalog.pg_type AS d WHERE d.oid = made_of.base AND d.typtype <> 'd' OFFSET 0
        ) AS last
      ) END AS domain
    FROM pg_catalog.pg_type AS t
    WHERE t.oid = a.atttypid
    -- By the index, for each column: a join would scan all types once for each relation.
    OFFSET 0
  ) AS type ON true
  LEFT JOIN (
    SELECT
      part.attnum,
      bool_or(k.contype = 'p') AS is_primary,
      bool_or(k.contype = 'f') AS is_foreign,
      string_agg(DISTINCT k.contype::text, ',' ORDER BY k.contype::text) AS types,
      string_agg(k.conname::text, ',' ORDER BY k.conname) AS names
    FROM pg_catalog.pg_constraint AS k
    CROSS JOIN LATERAL unnest(k.conkey) AS part (attnum)
    WHERE k.conrelid = relation.oid AND k.contype IN ('p', 'f', 'u', 'c', 'x')
    GROUP BY part.attnum
  ) AS key ON key.attnum = a.attnum
  LEFT JOIN pg_catalog.pg_description AS comment
    ON comment.objoid = relation.oid AND comment.objsubid = a.attnum AND comment.objsubid > 0
    AND comment.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  __DETAIL_JOINS__
  WHERE a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT __NO_COLUMN__
  -- Aggregated for each relation: joined with all relations at once, it would also be sorted as a whole.
  OFFSET 0
) AS attribute
ORDER BY relation.position, attribute.attnum
