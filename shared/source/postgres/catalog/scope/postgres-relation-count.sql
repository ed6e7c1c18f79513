-- How many tables and views the filters leave, the server's version as a number, and what it says of itself.
SELECT
  (
    SELECT count(*)::int4
    FROM pg_catalog.pg_class AS c
    JOIN (__SCHEMAS__) AS s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND __IN_SCOPE__
  ) AS relations,
  pg_catalog.current_setting('server_version_num')::int4 AS version,
  pg_catalog.version() AS said
