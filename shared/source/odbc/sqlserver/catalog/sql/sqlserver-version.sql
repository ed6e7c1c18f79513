-- Version and edition of the server: https://learn.microsoft.com/sql/t-sql/functions/serverproperty-transact-sql
SELECT
  CONVERT(varchar(128), SERVERPROPERTY('ProductVersion')) AS version,
  CONVERT(int, SERVERPROPERTY('EngineEdition')) AS edition
