-- Texts stored for the whole server, as bytes: the name of the connected database; those of its texts and of the roles'
-- names that are not ASCII, each once; and the encodings that they may be in.
SELECT
  __DATABASE__ AS database,
  (
    SELECT pg_catalog.string_agg(DISTINCT shared.hex, ',')
    FROM (
      SELECT __ROLE__ AS hex FROM pg_catalog.pg_roles AS r
      UNION ALL
      SELECT __TEXT__
      FROM pg_catalog.pg_database AS d
      CROSS JOIN LATERAL pg_catalog.unnest(
        ARRAY[d.datname::text, d.datacl::text, d.datcollate::text, d.datctype::text]
      ) AS of_database (text)
      WHERE d.datname = pg_catalog.current_database()
    ) AS shared
    WHERE shared.hex ~ '^(..)*[89a-f]'
  ) AS texts,
  __ENCODINGS__ AS encodings
