-- One row for each column of a result, in order. A domain is followed to the type it is made of.
WITH RECURSIVE column_type (position, declared, type) AS (
  SELECT t.position, t.type, t.type
  FROM unnest((__TYPES__)) WITH ORDINALITY AS t (type, position)
  UNION ALL
  SELECT c.position, c.declared, d.typbasetype
  FROM column_type AS c
  JOIN pg_catalog.pg_type AS d ON d.oid = c.type AND d.typtype = 'd'
)
SELECT
  c.position::int AS position,
  pg_catalog.format_type(c.declared, NULL) AS declared,
  CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname::text ELSE '' END AS base,
  CASE WHEN e.typnamespace = 'pg_catalog'::regnamespace THEN e.typname::text END AS element
FROM column_type AS c
JOIN pg_catalog.pg_type AS t ON t.oid = c.type AND t.typtype <> 'd'
LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
