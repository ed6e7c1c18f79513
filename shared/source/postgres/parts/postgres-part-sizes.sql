-- The size of the largest of some tables, in bytes; no row for names that are no tables.
SELECT pg_catalog.max(pg_catalog.pg_relation_size(c.oid))::pg_catalog.int8 AS size
FROM pg_catalog.unnest(ARRAY[__RELATIONS__]::pg_catalog.text[]) AS names (name)
JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(names.name) AND c.relkind = 'r'
