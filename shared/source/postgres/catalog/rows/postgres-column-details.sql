-- With `details`, further columns of postgres-column.sql: the type as it is declared, whether a valid index has the column
-- in its key, its place in the partition key, and the column that a foreign key refers to.
CASE WHEN __NO_TYPE__ THEN NULL ELSE nullif(__TYPE_NAME__, '???') END AS raw_type_definition,
indexed.attnum IS NOT NULL AS is_indexed,
partition_key.position AS partition_position,
target.schema AS foreign_schema,
target.relation AS foreign_table,
target.name AS foreign_column
