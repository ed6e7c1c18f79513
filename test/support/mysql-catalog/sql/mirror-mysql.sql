-- A view on information_schema shows what its reader sees, so a mirror consists of copies.
CREATE TABLE mirror.SCHEMATA AS SELECT * FROM information_schema.SCHEMATA;
CREATE TABLE mirror.TABLES AS SELECT * FROM information_schema.TABLES;
CREATE TABLE mirror.COLUMNS AS SELECT * FROM information_schema.COLUMNS;
CREATE TABLE mirror.VIEWS AS SELECT * FROM information_schema.VIEWS;
CREATE TABLE mirror.PARTITIONS AS SELECT * FROM information_schema.PARTITIONS;
CREATE TABLE mirror.ROUTINES AS SELECT * FROM information_schema.ROUTINES;
CREATE TABLE mirror.KEY_COLUMN_USAGE AS SELECT * FROM information_schema.KEY_COLUMN_USAGE;
CREATE TABLE mirror.TABLE_CONSTRAINTS AS SELECT * FROM information_schema.TABLE_CONSTRAINTS;
