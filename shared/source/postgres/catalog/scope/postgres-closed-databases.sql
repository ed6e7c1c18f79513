-- The databases that people create and the login may not connect to, with the bytes of their names
-- (postgres-shared-texts.ts), and why. None that were only half dropped, and none of a cloud's own.
SELECT
  __NAME__ AS name,
  CASE
    WHEN d.datallowconn THEN 'the login has no CONNECT privilege'
    ELSE 'it takes no connections'
  END AS closed,
  __ENCODINGS__ AS encodings
FROM pg_catalog.pg_database AS d
WHERE
  NOT d.datistemplate
  AND d.datconnlimit <> -2
  AND NOT (d.datallowconn AND pg_catalog.has_database_privilege(d.oid, 'CONNECT'))
  AND d.datname NOT IN ('rdsadmin', 'azure_sys', 'azure_maintenance', 'cloudsqladmin', 'alloydbadmin', '_dodb')
ORDER BY d.datname::text COLLATE "C"
