-- The schemas of the database, by name, as the login sees them: without those of the server itself, and without those
-- of guest and of the fixed roles as long as nothing is in them. Names are sent as the hexadecimal digits of their letters
-- in UTF-16, here and in the other queries: drivers convert text by rules of their own.
SELECT
  s.schema_id,
  CONVERT(varchar(512), CONVERT(varbinary(256), s.name), 2) AS name
FROM sys.schemas AS s
WHERE s.name NOT IN (N'sys', N'INFORMATION_SCHEMA')
  AND (
    NOT EXISTS (
      SELECT 1
      FROM sys.database_principals AS p
      WHERE p.name = s.name AND (p.is_fixed_role = 1 OR p.name = N'guest')
    )
    OR EXISTS (SELECT 1 FROM sys.objects AS o WHERE o.schema_id = s.schema_id AND o.is_ms_shipped = 0)
  )
ORDER BY s.name COLLATE Latin1_General_BIN2
