-- Not even the schema that every new database has.
DROP SCHEMA public;
