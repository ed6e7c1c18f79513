-- What the login may do beyond reading: one row for each kind of thing, none for a login that can only read.
SELECT privilege
FROM (
  SELECT 1 AS position, 'is a superuser' AS privilege
  FROM pg_catalog.pg_roles WHERE rolname = current_user AND rolsuper
  UNION ALL
  SELECT 2, 'may write to ' || count(*) || CASE count(*) WHEN 1 THEN ' table' ELSE ' tables' END
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg\_%'
    AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
  HAVING count(*) > 0
  UNION ALL
  SELECT 3, 'may create tables in ' || count(*) || CASE count(*) WHEN 1 THEN ' schema' ELSE ' schemas' END
  FROM pg_catalog.pg_namespace
  WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'CREATE')
  HAVING count(*) > 0
  UNION ALL
  SELECT 4, 'may create schemas in the database'
  WHERE has_database_privilege(current_database(), 'CREATE')
  UNION ALL
  SELECT 5, 'may read and write files of the server, or run programs on it'
  FROM pg_catalog.pg_roles
  WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
    AND pg_has_role(oid, 'USAGE')
  HAVING count(*) > 0
) AS found
ORDER BY position
