-- How many routines each schema has.
SELECT o.schema_id, CONVERT(int, COUNT(*)) AS routines
FROM sys.objects AS o
WHERE o.type IN (__ROUTINES__) AND o.is_ms_shipped = 0 AND o.schema_id IN (__SCHEMAS__)
GROUP BY o.schema_id
