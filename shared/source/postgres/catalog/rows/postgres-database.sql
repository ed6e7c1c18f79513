-- The connected database, with its texts as bytes (postgres-shared-texts.ts): everything in pg_database from Postgres
-- 10 to 18, null where a version lacks it. Filters do not apply.
SELECT
  d.oid::int8 AS oid,
  __DATNAME__ AS datname,
  d.datdba::int8 AS datdba,
  d.encoding::int4 AS encoding,
  __DATCOLLATE__ AS datcollate,
  __DATCTYPE__ AS datctype,
  d.datistemplate AS datistemplate,
  d.datallowconn AS datallowconn,
  d.datconnlimit::int4 AS datconnlimit,
  d.datfrozenxid::text AS datfrozenxid,
  d.datminmxid::text AS datminmxid,
  d.dattablespace::int8 AS dattablespace,
  __DATACL__ AS datacl,
  -- Not in every version: a missing column would be an error, a missing key is null.
  (versioned.facts ->> 'datlastsysoid')::int8 AS datlastsysoid,
  versioned.facts ->> 'datlocprovider' AS datlocprovider,
  (versioned.facts ->> 'dathasloginevt')::bool AS dathasloginevt,
  versioned.facts ->> 'daticulocale' AS daticulocale,
  versioned.facts ->> 'datlocale' AS datlocale,
  versioned.facts ->> 'daticurules' AS daticurules,
  versioned.facts ->> 'datcollversion' AS datcollversion,
  ''::text AS database_name,
  (
    SELECT count(*)::int4
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ) AS schema_count
FROM pg_catalog.pg_database AS d
CROSS JOIN LATERAL pg_catalog.to_jsonb(d) AS versioned (facts)
WHERE d.datname = pg_catalog.current_database()
