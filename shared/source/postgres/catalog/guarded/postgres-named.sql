-- The names of objects, for people. If a name cannot be sent, its letters beyond ASCII are escaped.
SELECT asked.place, pg_catalog.concat_ws('.', __SCHEMA__, __RELATION__, __ROUTINE__, __COLUMN__) AS name
FROM (VALUES __OBJECTS__) AS asked (place, kind, object, part, escaped)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = asked.object AND asked.kind IN ('relation', 'column')
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = asked.object AND asked.kind = 'routine'
LEFT JOIN pg_catalog.pg_namespace AS n
  ON n.oid = CASE WHEN asked.kind = 'schema' THEN asked.object ELSE coalesce(c.relnamespace, p.pronamespace) END
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = asked.part AND asked.kind = 'column'
