-- SQLite has no routines.
SELECT '' AS procedure_name WHERE false
