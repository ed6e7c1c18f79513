-- One row for each column of a result, in order. A domain is resolved to the type it is based on.
WITH RECURSIVE column_type (position, declared, type) AS (
  SELECT t.position, t.type, t.type
  FROM pg_catalog.unnest((__TYPES__)) WITH ORDINALITY AS t (type, position)
  UNION ALL
  SELECT c.position, c.declared, d.typbasetype
  FROM column_type AS c
  JOIN pg_catalog.pg_type AS d ON d.oid = c.type AND d.typtype = 'd'
)
SELECT
  c.position::int AS position,
  pg_catalog.format_type(c.declared, NULL) AS declared,
  CASE WHEN t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace THEN t.typname::pg_catalog.text ELSE '' END AS base,
  CASE WHEN e.typnamespace = 'pg_catalog'::pg_catalog.regnamespace THEN e.typname::pg_catalog.text END AS element,
  -- The name of a user-defined type, and whether it is the array of another type.
  CASE WHEN o.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace THEN o.typname::pg_catalog.text END AS own,
  -- The kind of type, for an array that of its elements: a composite, a range, or another.
  COALESCE(e.typtype, t.typtype)::pg_catalog.text AS kind,
  o.typcategory = 'A' AND o.typelem <> 0 AS own_array
FROM column_type AS c
JOIN pg_catalog.pg_type AS o ON o.oid = c.declared
JOIN pg_catalog.pg_type AS t ON t.oid = c.type AND t.typtype <> 'd'
LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
