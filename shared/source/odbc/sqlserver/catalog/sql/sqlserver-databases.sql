-- The databases that people create on the server, and the connected one: not the four that each server has, those of
-- Amazon RDS and of replication, and snapshots of others.
SELECT
  CONVERT(varchar(512), CONVERT(varbinary(256), d.name), 2) AS name,
  CONVERT(int, CASE WHEN d.database_id = DB_ID() THEN 1 ELSE 0 END) AS is_connected,
  CONVERT(int, HAS_DBACCESS(d.name)) AS is_open,
  CONVERT(int, d.state) AS state
FROM sys.databases AS d
WHERE d.database_id = DB_ID()
  OR (
    d.name NOT IN (N'master', N'tempdb', N'model', N'msdb', N'rdsadmin')
    AND d.source_database_id IS NULL
    AND d.is_distributor = 0
  )
ORDER BY d.name COLLATE Latin1_General_BIN2
