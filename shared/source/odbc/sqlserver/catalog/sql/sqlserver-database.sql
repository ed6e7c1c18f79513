-- The connected database. Filters do not apply.
SELECT
  CONVERT(varchar(512), CONVERT(varbinary(256), d.collation_name), 2) AS datcollate,
  CONVERT(int, d.compatibility_level) AS compatibility_level
FROM sys.databases AS d
WHERE d.database_id = DB_ID()
