-- One row for each relation. The number of rows is that of the last ANALYZE.
WITH counted AS MATERIALIZED (
  __STATISTICS__
)
SELECT
  hex(t.name) AS table_name,
  t.type AS kind,
  t.wr AS without_rowid,
  (
    SELECT count(*) FROM pragma_table_xinfo(t.name, 'main') AS c WHERE c.hidden <> 1 AND __READABLE__
  ) AS column_count,
  counted.rows AS row_count,
  (
    SELECT hex(s.sql) FROM main.sqlite_master AS s WHERE s.type = 'view' AND t.type = 'view' AND s.name = t.name
  ) AS view_definition
FROM pragma_table_list AS t
LEFT JOIN counted ON counted.relation = t.name
WHERE t.schema = 'main' AND t.type IN ('table', 'view', 'virtual') AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY t.name
