-- The connected database: what pg_database has from Postgres 10 to 18. Filters do not apply to it.
SELECT
  d.oid::int8 AS oid,
  d.datname::text AS datname,
  d.datdba::int8 AS datdba,
  d.encoding::int4 AS encoding,
  d.datcollate::text AS datcollate,
  d.datctype::text AS datctype,
  d.datistemplate AS datistemplate,
  d.datallowconn AS datallowconn,
  d.datconnlimit::int4 AS datconnlimit,
  d.datfrozenxid::text AS datfrozenxid,
  d.datminmxid::text AS datminmxid,
  d.dattablespace::int8 AS dattablespace,
  d.datacl::text AS datacl,
  d.datname::text AS database_name,
  (
    SELECT count(*)::int4
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ) AS schema_count
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
