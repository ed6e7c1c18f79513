CREATE USER one_schema IDENTIFIED BY 'one_schema'; GRANT SELECT ON shop.* TO one_schema;
CREATE USER partial IDENTIFIED BY 'partial';
GRANT SELECT ON secret.open_one TO partial; GRANT SELECT (c), INSERT (b) ON secret.columns_only TO partial;
GRANT DROP ON secret.no_columns TO partial; GRANT SELECT ON secret.v TO partial; GRANT EXECUTE ON PROCEDURE secret.p TO partial;
CREATE USER reader IDENTIFIED BY 'reader'; GRANT SELECT ON *.* TO reader;
CREATE USER wild IDENTIFIED BY 'wild'; GRANT SELECT, SHOW VIEW, EXECUTE ON `we_b`.* TO wild;
CREATE USER tame IDENTIFIED BY 'tame'; GRANT SELECT, SHOW VIEW, EXECUTE ON `we%`.* TO tame; GRANT DROP ON wexb.* TO tame;
CREATE ROLE looks; GRANT SELECT, SHOW VIEW, SHOW DATABASES ON *.* TO looks;
CREATE USER by_role IDENTIFIED BY 'by_role'; GRANT looks TO by_role;
