-- What the login may do with the database, of the permissions that show its catalog.
SELECT DISTINCT CONVERT(varchar(128), p.permission_name) AS permission
FROM fn_my_permissions(NULL, 'DATABASE') AS p
WHERE p.permission_name IN ('VIEW DEFINITION', 'SELECT', 'EXECUTE')
