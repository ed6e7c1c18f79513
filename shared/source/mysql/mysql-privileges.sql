-- What the login may do beyond reading, on its own or by a role that is on: one row for each privilege and what it is for.
-- SHOW GRANTS would say the same, but MySQL does not describe its answer before it runs it, which DuckDB's client asks for.
SELECT p.privilege_type, p.scope
FROM (
  SELECT grantee, privilege_type, '*.*' AS scope FROM information_schema.user_privileges
  UNION ALL
  SELECT grantee, privilege_type, CONCAT(table_schema, '.*') FROM information_schema.schema_privileges
  UNION ALL
  SELECT grantee, privilege_type, CONCAT(table_schema, '.', table_name) FROM information_schema.table_privileges
) AS p
WHERE (
    CAST(p.grantee AS BINARY) = CAST(CONCAT(
      '''', LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1),
      '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''') AS BINARY)
    OR EXISTS (
      SELECT 1
      FROM information_schema.enabled_roles AS r
      WHERE CAST(p.grantee AS BINARY) LIKE CAST(CONCAT('''', r.role_name, '''@%') AS BINARY)
    )
  )
  AND p.privilege_type IN (
    'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'FILE', 'SUPER', 'TRIGGER', 'EVENT', 'EXECUTE',
    'CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE VIEW', 'CREATE USER', 'SHUTDOWN')
GROUP BY p.privilege_type, p.scope, CAST(p.scope AS BINARY)
ORDER BY p.scope, p.privilege_type
