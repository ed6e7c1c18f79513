-- One row for each entry of an include filter, in order: how many databases its pattern matches, whether the connected
-- one is among them, and the position, from 1, of its first schema pattern that no schema of the connected database
-- matches.
WITH entry (position, database, schemas) AS (VALUES __ENTRIES__),
database (name) AS (
  SELECT name FROM (__DATABASES__) AS open
  UNION
  SELECT __CONNECTED__::name
),
schema (name) AS (SELECT name FROM (__SCHEMAS__) AS of_users)
SELECT
  (SELECT count(*)::int4 FROM database AS d WHERE d.name::text COLLATE pg_catalog."default" ~ e.database) AS databases,
  __CONNECTED__::text COLLATE pg_catalog."default" ~ e.database AS here,
  (
    SELECT min(w.position)::int4
    FROM unnest(e.schemas) WITH ORDINALITY AS w (pattern, position)
    WHERE NOT EXISTS (SELECT 1 FROM schema AS s WHERE s.name::text COLLATE pg_catalog."default" ~ w.pattern)
  ) AS missing
FROM entry AS e
ORDER BY e.position
