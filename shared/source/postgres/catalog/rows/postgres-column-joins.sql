-- Where postgres-column-details.sql finds its columns. Each step is lateral, because a join would scan a whole catalog
-- table for each relation.
LEFT JOIN (
  SELECT DISTINCT part.attnum
  FROM pg_catalog.pg_index AS i
  -- Columns that are only included come last.
  CROSS JOIN LATERAL unnest((i.indkey::int2[])[0:__KEY_COLUMNS__ - 1]) AS part (attnum)
  WHERE i.indrelid = relation.oid AND i.indisvalid
) AS indexed ON indexed.attnum = a.attnum
LEFT JOIN (
  SELECT part.attnum, min(part.position)::int4 AS position
  FROM pg_catalog.pg_partitioned_table AS keys
  CROSS JOIN LATERAL unnest(keys.partattrs::int2[]) WITH ORDINALITY AS part (attnum, position)
  -- An expression has the number 0.
  WHERE keys.partrelid = relation.oid AND part.attnum > 0
  GROUP BY part.attnum
) AS partition_key ON partition_key.attnum = a.attnum
LEFT JOIN (
  -- Of several foreign keys, the first one whose target is part of this extraction.
  SELECT DISTINCT ON (part.attnum)
    part.attnum, place.name::text AS schema, other.relname::text AS relation, its.attname::text AS name
  FROM pg_catalog.pg_constraint AS k
  CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS part (attnum, target)
  CROSS JOIN LATERAL (
    SELECT target.oid, target.relname, target.relnamespace
    FROM pg_catalog.pg_class AS target
    WHERE target.oid = k.confrelid AND target.relkind IN ('r', 'p', 'f') AND target.reltype <> 0 AND __TARGET_IN_SCOPE__
    OFFSET 0
  ) AS other
  CROSS JOIN LATERAL (
    SELECT scope.name FROM scope WHERE scope.oid = other.relnamespace OFFSET 0
  ) AS place
  CROSS JOIN LATERAL (
    SELECT t.attname
    FROM pg_catalog.pg_attribute AS t
    WHERE t.attrelid = other.oid AND t.attnum = part.target AND NOT t.attisdropped AND NOT __NO_TARGET_COLUMN__
    OFFSET 0
  ) AS its
  WHERE k.conrelid = relation.oid AND k.contype = 'f' AND NOT (__IS_COPY__)
  ORDER BY part.attnum, k.conname
) AS target ON target.attnum = a.attnum
