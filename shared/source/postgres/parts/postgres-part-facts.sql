-- What decides whether several connections may read one table in parts: one row, or none if there is no such table.
WITH RECURSIVE relation AS (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relam
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = pg_catalog.to_regclass(__RELATION__)
),
called (name) AS (SELECT pg_catalog.unnest(ARRAY[__FUNCTIONS__]::pg_catalog.text[])),
applied (name) AS (SELECT pg_catalog.unnest(ARRAY[__OPERATORS__]::pg_catalog.text[])),
-- All overloads, wherever they are: which of them a call means depends on types.
overload AS (
  SELECT f.name, p.oid, p.prorettype,
    -- Objects below this number were made with the server. A few of its stable functions depend on nothing but settings.
    COALESCE(p.prokind = 'f' AND NOT p.proretset
      AND (p.provolatile = 'i' OR p.oid < 16384 AND p.provolatile = 's' AND f.name = ANY (ARRAY[__STABLE__]::pg_catalog.text[])), false) AS good
  FROM called AS f
  LEFT JOIN pg_catalog.pg_proc AS p ON p.proname = f.name
),
operator AS (
  SELECT a.name, o.oprresult,
    COALESCE(p.provolatile = 'i' OR p.oid < 16384 AND p.provolatile = 's', false) AS good
  FROM applied AS a
  LEFT JOIN pg_catalog.pg_operator AS o ON o.oprname = a.name
  LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = o.oprcode
),
-- The types of the table's columns and of what is computed, and what they are made of.
used (type) AS (
  SELECT a.atttypid FROM relation AS r JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  UNION
  SELECT o.prorettype FROM overload AS o WHERE o.prorettype IS NOT NULL
  UNION
  SELECT o.oprresult FROM operator AS o WHERE o.oprresult IS NOT NULL
  UNION
  SELECT part.type
  FROM used AS u
  JOIN pg_catalog.pg_type AS t ON t.oid = u.type
  CROSS JOIN LATERAL (
    SELECT t.typelem WHERE t.typelem <> 0
    UNION ALL
    SELECT t.typbasetype WHERE t.typbasetype <> 0
    UNION ALL
    SELECT g.rngsubtype FROM pg_catalog.pg_range AS g WHERE t.oid IN (g.rngtypid, g.rngmultitypid)
    UNION ALL
    SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
    WHERE t.typrelid <> 0 AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS part (type)
),
-- What may give a text: no other type can be converted to a date by the form of its text.
textual AS (
  SELECT x.name, pg_catalog.bool_or(x.type IS NULL OR x.type >= 16384 OR t.typcategory IN ('S', 'P', 'X')) AS textual
  FROM (SELECT o.name, o.prorettype FROM overload AS o UNION ALL SELECT o.name, o.oprresult FROM operator AS o) AS x (name, type)
  LEFT JOIN pg_catalog.pg_type AS t ON t.oid = x.type
  GROUP BY x.name
)
SELECT
  r.oid::pg_catalog.text AS oid,
  r.nspname::pg_catalog.text AS schema,
  r.relname::pg_catalog.text AS name,
  r.oid::pg_catalog.int8 < 16384 AS of_server,
  r.relkind::pg_catalog.text AS kind,
  r.relpersistence::pg_catalog.text AS persistence,
  COALESCE((SELECT m.amname::pg_catalog.text FROM pg_catalog.pg_am AS m WHERE m.oid = r.relam), '') AS access_method,
  EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = r.oid) AS has_children,
  pg_catalog.row_security_active(r.oid) AS row_security,
  pg_catalog.has_table_privilege(r.oid, 'SELECT') AS may_select,
  ARRAY(
    SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
  ) AS columns,
  -- A domain is a text if the type behind it is one, which nothing here looks for.
  ARRAY(
    SELECT CASE WHEN t.oid < 16384 THEN t.typname::pg_catalog.text ELSE '' END
    FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
  ) AS column_types,
  ARRAY(SELECT o.name FROM overload AS o GROUP BY o.name HAVING NOT pg_catalog.bool_and(o.good) ORDER BY o.name) AS functions,
  ARRAY(SELECT o.name FROM operator AS o GROUP BY o.name HAVING NOT pg_catalog.bool_and(o.good) ORDER BY o.name) AS operators,
  ARRAY(SELECT t.name FROM textual AS t WHERE t.textual ORDER BY t.name) AS textual,
  -- A name of a type that is not the server's own alone; and a function's name that may mean a conversion to a type.
  ARRAY(
    SELECT w.name FROM pg_catalog.unnest(ARRAY[__TYPES__]::pg_catalog.text[]) AS w (name)
    WHERE (SELECT pg_catalog.count(*) FILTER (WHERE t.oid >= 16384) > 0 OR pg_catalog.count(*) <> 1 FROM pg_catalog.pg_type AS t WHERE t.typname = w.name)
    UNION
    SELECT f.name FROM called AS f
    JOIN pg_catalog.pg_type AS t ON t.typname = f.name
    WHERE t.oid >= 16384 OR NOT f.name = ANY (ARRAY[__CONVERTING__]::pg_catalog.text[])
    ORDER BY 1
  ) AS types,
  EXISTS (
    SELECT FROM used AS u
    JOIN pg_catalog.pg_type AS t ON t.oid = u.type
    JOIN pg_catalog.pg_proc AS p ON p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend)
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    -- A type may use the server's own functions by other names, as citext does.
    WHERE p.oid >= 16384 AND p.provolatile <> 'i' AND NOT (p.provolatile = 's' AND l.lanname = 'internal')
  ) AS changing_types,
  -- Conversions that no query needs to name.
  EXISTS (
    SELECT FROM pg_catalog.pg_cast AS k
    LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = k.castfunc
    WHERE k.oid >= 16384 AND (p.provolatile <> 'i' OR k.castmethod = 'i' AND k.castcontext = 'i')
  ) AS changing_casts,
  pg_catalog.pg_is_in_recovery() AS standby,
  -- Kinds of Postgres of which nobody has seen that their connections share a snapshot.
  EXISTS (SELECT FROM pg_catalog.pg_settings AS s WHERE s.name LIKE 'aurora%' OR s.name LIKE 'apg%')
    OR pg_catalog.version() ~* 'aurora|redshift|cockroach|yugabyte|greenplum' AS other_server,
  pg_catalog.current_setting('block_size')::pg_catalog.int8 AS block_size,
  pg_catalog.pg_relation_size(r.oid)::pg_catalog.int8 AS size
FROM relation AS r
