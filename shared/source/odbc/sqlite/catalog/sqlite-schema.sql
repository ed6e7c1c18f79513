-- The one schema of a file, with its tables and views, whatever the filters leave.
SELECT
  hex('main') AS schema_name,
  count(*) FILTER (WHERE t.type <> 'view') AS table_count,
  count(*) FILTER (WHERE t.type = 'view') AS views_count
FROM pragma_table_list AS t
WHERE t.schema = 'main' AND t.type IN ('table', 'view', 'virtual') AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
