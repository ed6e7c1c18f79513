-- What makes the server itself give up: it cannot say whether a foreign table without a handler takes rows.
CREATE FOREIGN DATA WRAPPER no_handler;
CREATE SERVER nowhere FOREIGN DATA WRAPPER no_handler;
CREATE SCHEMA odd;
CREATE FOREIGN TABLE odd.no_handler (a integer) SERVER nowhere;
CREATE VIEW odd.over_no_handler AS SELECT a FROM odd.no_handler;
CREATE TABLE odd.sound (a integer);
