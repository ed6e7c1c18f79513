-- Measures the relations in scope that have files: pg_relation_size() opens each for a moment, and so waits for locks.
-- All at once if that works, else one by one; a locked relation then has no size. The sizes go into a setting, which
-- the query of the tables reads.
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  asked record;
  size int8;
  sizes text[] := '{}';
  measured text;
  code text;
BEGIN
  BEGIN
    SELECT pg_catalog.json_object_agg(one.relation, pg_catalog.pg_relation_size(one.relation))::text INTO measured FROM (__STORED__) AS one;
  EXCEPTION
    WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE;
      __RAISE_AGAIN__
      PERFORM pg_catalog.set_config('lock_timeout', '1ms', true);
      FOR asked IN __STORED__ LOOP
        BEGIN
          size := pg_catalog.pg_relation_size(asked.relation);
          sizes := sizes || pg_catalog.format('"%s":%s', asked.relation, coalesce(size, 0));
        EXCEPTION
          WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE;
            __RAISE_AGAIN__
        END;
      END LOOP;
      measured := pg_catalog.concat('{', pg_catalog.array_to_string(sizes, ','), '}');
  END;
  PERFORM
    pg_catalog.set_config('lock_timeout', patience, true),
    pg_catalog.set_config('ferry.sizes', coalesce(measured, '{}'), true);
END
