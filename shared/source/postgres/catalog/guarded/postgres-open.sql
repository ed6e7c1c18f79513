-- Opens some relations one by one, each below its own savepoint that is always rolled back. This releases the locks
-- that pg_get_viewdef() takes on a view and on everything that it reads, which would last to the end of the
-- transaction, and confines an error to its object; variables keep their values. A block returns nothing: the answer is
-- a setting of the transaction.
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  asked record;
  definition text;
  insertable bool;
  part text;
  code text;
  said text;
  failure json;
  answers text[] := '{}';
  written int8 := 0;
  -- The server looks for the rule of every view below one, and crashes if one is missing.
  ruleless CONSTANT bool := EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.relkind = 'v' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = c.oid AND r.ev_type = '1'));
BEGIN
  __BEFORE__
  FOR asked IN __ASKED__ LOOP
    definition := NULL;
    insertable := NULL;
    code := NULL;
    failure := NULL;
    IF asked.kind IN ('v', 'm') THEN
      BEGIN
        definition := pg_catalog.pg_get_viewdef(asked.relation::oid);
        IF definition IS NULL THEN
          RAISE undefined_table;
        END IF;
        -- Text that cannot be sent fails here.
        PERFORM pg_catalog.convert_to(definition, 'UTF8');
        RAISE SQLSTATE 'FERRY';
      EXCEPTION
        WHEN SQLSTATE 'FERRY' THEN NULL;
        WHEN OTHERS THEN
          GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
          __RAISE_AGAIN__
          definition := NULL;
          part := 'definition';
          failure := __FAILURE__;
      END;
    END IF;
    IF (asked.kind = 'f' OR asked.kind = 'v' AND NOT ruleless) AND (code IS NULL OR code NOT IN ('55P03', '40P01')) THEN
      BEGIN
        insertable := pg_catalog.pg_relation_is_updatable(asked.relation::oid, false) & 8 = 8;
        RAISE SQLSTATE 'FERRY';
      EXCEPTION
        WHEN SQLSTATE 'FERRY' THEN NULL;
        -- A foreign table, here or below the view, has a wrapper without a handler.
        WHEN object_not_in_prerequisite_state THEN
          insertable := false;
        WHEN OTHERS THEN
          GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
          __RAISE_AGAIN__
          IF failure IS NULL THEN
            part := 'insertable';
            failure := __FAILURE__;
          END IF;
      END;
    END IF;
    IF code IN ('55P03', '40P01') THEN
      -- One lock often means more: the others are tried again later instead of waiting here.
      PERFORM pg_catalog.set_config('lock_timeout', '10ms', true);
    END IF;
    answers := answers || pg_catalog.json_build_object(
      'relation', asked.relation::int8, 'kind', asked.kind, 'version', asked.version, 'definition', definition, 'insertable', insertable, 'part', part, 'failure', failure)::text;
    written := written + coalesce(pg_catalog.length(definition), 0);
    -- The caller asks for the rest with another block, which keeps statements and answers short.
    EXIT WHEN written > 1000000 OR pg_catalog.clock_timestamp() - pg_catalog.statement_timestamp() > '500 ms';
  END LOOP;
  PERFORM
    pg_catalog.set_config('lock_timeout', patience, true),
    pg_catalog.set_config('ferry.answer', pg_catalog.concat('[', pg_catalog.array_to_string(answers, ','), ']'), true);
END
