-- One row for each column, also of generated ones. Hidden columns of virtual tables are arguments and commands, and left
-- out. A foreign key may spell names in another case than their table, and leaves out the key that it refers to.
WITH relation AS MATERIALIZED (
  SELECT t.name, t.type, t.wr, row_number() OVER (ORDER BY t.name) AS position
  FROM pragma_table_list AS t
  WHERE t.schema = 'main' AND t.type IN ('table', 'view', 'virtual') AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
    AND __READABLE__
),
own AS MATERIALIZED (
  SELECT relation.name AS relation, relation.type AS kind, relation.position, c.cid, c.name, c.type AS declared, c."notnull" AS required,
    c.dflt_value AS expression, c.pk, c.hidden
  FROM relation
  JOIN pragma_table_xinfo(relation.name, 'main') AS c
  WHERE c.hidden <> 1
),
indexed AS MATERIALIZED (
  SELECT relation.name AS relation, x.name AS name, max(i.origin = 'pk') AS of_key, max(i."unique") AS of_unique
  FROM relation
  JOIN pragma_index_list(relation.name, 'main') AS i
  JOIN pragma_index_xinfo(i.name, 'main') AS x
  WHERE relation.type = 'table' AND x.key = 1 AND x.name IS NOT NULL
  GROUP BY relation.name, x.name
),
foreign_key AS MATERIALIZED (
  -- The first of several is the last that was declared: SQLite counts them backwards.
  SELECT relation.name AS relation, f."from" AS name, max(f.id), target.relation AS other, target.name AS other_name
  FROM relation
  JOIN pragma_foreign_key_list(relation.name, 'main') AS f
  LEFT JOIN own AS target ON target.relation = f."table" COLLATE NOCASE
    AND CASE WHEN f."to" IS NULL THEN target.pk = f.seq + 1 ELSE target.name = f."to" COLLATE NOCASE END
  WHERE relation.type = 'table'
  GROUP BY relation.name, f."from"
)
SELECT
  hex(own.relation) AS table_name,
  own.kind,
  own.position AS table_number,
  hex(own.name) AS column_name,
  row_number() OVER (PARTITION BY own.position ORDER BY own.cid) AS ordinal_position,
  hex(own.declared) AS declared,
  dense_rank() OVER (ORDER BY own.declared) AS type_number,
  hex(own.expression) AS column_def,
  own.required,
  own.pk > 0 AS is_primary,
  -- It numbers the rows itself if its key needs no index.
  own.pk > 0 AND upper(own.declared) = 'INTEGER' AND coalesce(indexed.of_key, 0) = 0 AS is_rowid,
  own.hidden IN (2, 3) AS is_generated,
  coalesce(indexed.of_unique, 0) AS is_unique,
  indexed.name IS NOT NULL AS has_index,
  foreign_key.name IS NOT NULL AS is_foreign,
  hex(foreign_key.other) AS foreign_table,
  hex(foreign_key.other_name) AS foreign_column
FROM own
LEFT JOIN indexed ON indexed.relation = own.relation AND indexed.name = own.name
LEFT JOIN foreign_key ON foreign_key.relation = own.relation AND foreign_key.name = own.name
ORDER BY own.position, own.cid
