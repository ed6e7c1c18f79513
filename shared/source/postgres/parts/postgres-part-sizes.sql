-- The size of the largest of some tables, in bytes; null for names that are no tables. And the version, because the
-- questions that follow are for Postgres 14 and later.
SELECT
  pg_catalog.max(pg_catalog.pg_relation_size(c.oid))::pg_catalog.int8 AS size,
  pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version
FROM pg_catalog.unnest(ARRAY[__RELATIONS__]::pg_catalog.text[]) AS names (name)
JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(names.name) AND c.relkind = 'r'
