-- Finds the objects for which a text cannot be made or sent: first all at once, then the halves of those that fail,
-- down to single ones.
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  relations oid[];
  columns int4[];
  firsts int4[] := '{1}';
  lasts int4[];
  lower int4;
  upper int4;
  code text;
  said text;
  answers text[] := '{}';
BEGIN
  SELECT pg_catalog.array_agg(one.object), pg_catalog.array_agg(one.part) INTO relations, columns
  FROM (SELECT DISTINCT texts.object, texts.part FROM (__TEXTS__) AS texts) AS one;
  lasts := ARRAY[coalesce(pg_catalog.array_length(relations, 1), 0)];
  -- An error in the statement itself fails here, and not in an object.
  PERFORM pg_catalog.convert_to(texts.text, 'UTF8') FROM (__TEXTS__) AS texts WHERE false;
  -- A few at a time are found by an index.
  PERFORM pg_catalog.set_config('enable_nestloop', 'on', true);
  WHILE pg_catalog.cardinality(firsts) > 0 LOOP
    lower := firsts[1];
    upper := lasts[1];
    firsts := firsts[2:];
    lasts := lasts[2:];
    CONTINUE WHEN upper < lower;
    BEGIN
      PERFORM pg_catalog.count(pg_catalog.convert_to(texts.text, 'UTF8'))
      FROM unnest(relations[lower:upper], columns[lower:upper]) AS one (object, part)
      JOIN (__TEXTS__) AS texts ON texts.object = one.object AND texts.part = one.part;
      RAISE SQLSTATE 'FERRY';
    EXCEPTION
      WHEN SQLSTATE 'FERRY' THEN NULL;
      WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
        __RAISE_AGAIN__
        IF code = '55P03' THEN
          -- Its halves need not wait as long.
          PERFORM pg_catalog.set_config('lock_timeout', '1ms', true);
        END IF;
        IF lower = upper THEN
          answers := answers || pg_catalog.json_build_object(
            'object', relations[lower]::int8, 'column', columns[lower], 'failure', __FAILURE__)::text;
        ELSE
          firsts := ARRAY[lower, (lower + upper) / 2 + 1] || firsts;
          lasts := ARRAY[(lower + upper) / 2, upper] || lasts;
        END IF;
    END;
  END LOOP;
  PERFORM
    pg_catalog.set_config('lock_timeout', patience, true),
    pg_catalog.set_config('enable_nestloop', 'off', true),
    pg_catalog.set_config('ferry.answer', pg_catalog.concat('[', pg_catalog.array_to_string(answers, ','), ']'), true);
END
