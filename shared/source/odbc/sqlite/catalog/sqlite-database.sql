-- The file as a database.
SELECT 1 AS schema_count, hex((SELECT p.encoding FROM pragma_encoding AS p)) AS encoding
