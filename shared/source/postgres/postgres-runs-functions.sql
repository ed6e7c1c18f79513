-- Whether reading a relation runs functions that may change a setting: those of a view, of the views that it reads in
-- turn, and of policies. The server's own functions leave no entry in pg_depend: the few of them that can do so, or can
-- run any SQL, are looked for in the view itself.
WITH RECURSIVE relation (oid, kind, has_policies) AS (
  SELECT c.oid, c.relkind, c.relrowsecurity
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = __SCHEMA__ AND c.relname = __TABLE__
  UNION
  SELECT c.oid, c.relkind, c.relrowsecurity
  FROM relation AS r
  JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = r.oid
  JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid
  WHERE r.kind = 'v'
),
view (rule, tree) AS (
  SELECT w.oid, w.ev_action::pg_catalog.text
  FROM relation AS r
  JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = r.oid
  WHERE r.kind = 'v'
),
own (calls) AS (
  SELECT ':funcid (' || pg_catalog.string_agg(p.oid::pg_catalog.text, '|') || ') '
  FROM pg_catalog.pg_proc AS p
  WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
    AND (p.proname IN ('set_config', 'ts_stat', 'ts_rewrite') OR p.proname ~ '_to_xml(schema|_and_xmlschema)?$')
)
SELECT EXISTS (SELECT FROM relation WHERE has_policies)
  OR EXISTS (SELECT FROM view, own WHERE tree ~ calls)
  OR EXISTS (
    SELECT FROM view AS v
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = v.rule
    LEFT JOIN pg_catalog.pg_constraint AS c ON c.contypid = d.refobjid
    -- Objects below this number were made with the server.
    WHERE d.refobjid >= 16384 AND (
      d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)
      OR d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND c.oid IS NOT NULL)
  ) AS runs_functions
