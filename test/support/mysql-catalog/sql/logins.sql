-- A login that sees a part: one schema whole but without SHOW VIEW, one by single grants, nothing of the others.
CREATE USER stranger@'%' IDENTIFIED BY 'stranger';
GRANT SELECT ON app.* TO stranger@'%';
GRANT EXECUTE ON PROCEDURE app.add_order TO stranger@'%';
GRANT SELECT (id) ON partly.seen TO stranger@'%';
GRANT SELECT ON partly.seen_view TO stranger@'%';
GRANT EXECUTE ON FUNCTION partly.seen_function TO stranger@'%';
-- A login that may only read, but everything.
CREATE USER reader@'%' IDENTIFIED BY 'reader';
GRANT SELECT, SHOW VIEW, SHOW DATABASES ON *.* TO reader@'%';
-- A login that sees the mirror of information_schema, and nothing else.
CREATE DATABASE mirror;
CREATE USER mirrored@'%' IDENTIFIED BY 'mirrored';
GRANT SELECT ON mirror.* TO mirrored@'%';
