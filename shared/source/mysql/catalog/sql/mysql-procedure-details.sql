-- Further columns of mysql-procedure.sql, with `details`.
CONVERT(COALESCE(NULLIF(r.EXTERNAL_LANGUAGE, ''), r.ROUTINE_BODY) USING utf8mb4) AS language,
CAST(r.CHARACTER_MAXIMUM_LENGTH AS SIGNED) AS return_length,
CAST(r.CHARACTER_OCTET_LENGTH AS SIGNED) AS return_octet_length,
CAST(r.NUMERIC_PRECISION AS SIGNED) AS return_precision
