-- What ANALYZE has counted: the first number of each index.
SELECT s.tbl AS relation, max(CAST(s.stat AS INTEGER)) AS rows
FROM main.sqlite_stat1 AS s
GROUP BY s.tbl
