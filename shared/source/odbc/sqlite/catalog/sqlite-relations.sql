-- Tables, views and virtual tables, without SQLite's own and without those in which a virtual table keeps its content.
-- Texts are sent as hexadecimal digits here and in the other queries: the driver ends them at a zero byte.
SELECT hex(t.name) AS name, t.type AS kind
FROM pragma_table_list AS t
WHERE t.schema = 'main' AND t.type IN ('table', 'view', 'virtual') AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY t.name
