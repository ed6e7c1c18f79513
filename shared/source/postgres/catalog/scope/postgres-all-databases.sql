-- Every database of the server except its templates, with the bytes of its name (postgres-shared-texts.ts), whether the
-- login may connect to it, and its size if the login may see it.
SELECT
  __NAME__ AS name,
  CASE WHEN may.connect THEN pg_catalog.pg_database_size(d.oid) END AS bytes,
  CASE
    WHEN NOT d.datallowconn OR d.datconnlimit = -2 THEN 'it takes no connections'
    WHEN NOT may.connect THEN 'the login has no CONNECT privilege'
  END AS closed,
  d.datname = pg_catalog.current_database() AS is_connected,
  __ENCODINGS__ AS encodings
FROM pg_catalog.pg_database AS d
CROSS JOIN LATERAL (SELECT pg_catalog.has_database_privilege(d.oid, 'CONNECT')) AS may (connect)
WHERE NOT d.datistemplate OR d.datname = pg_catalog.current_database()
ORDER BY d.datname::text COLLATE "C"
