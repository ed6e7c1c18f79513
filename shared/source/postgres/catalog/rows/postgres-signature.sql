-- With `details`, further columns of the routines (postgres-procedure.sql), pg_proc as p: their language; their arguments
-- as JSON, each with its name and type; and what a function returns.
  (
    SELECT l.lanname::text FROM pg_catalog.pg_language AS l WHERE l.oid = p.prolang
  ) AS language,
  CASE WHEN __NO_ARGUMENTS__ THEN NULL ELSE __ARGUMENT_LIST__ END AS argument_list,
  CASE WHEN __NO_ARGUMENTS__ OR __IS_PROCEDURE__ THEN NULL ELSE __RETURN_TYPE__ END AS return_type
