-- Relations with a column that has no name.
SELECT DISTINCT hex(t.name) AS relation
FROM pragma_table_list AS t
JOIN pragma_table_xinfo(t.name, 'main') AS c
WHERE t.schema = 'main' AND t.type IN ('table', 'view', 'virtual') AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND __READABLE__ AND c.name = '' AND c.hidden <> 1
ORDER BY t.name
