-- Names with slashes whose qualifiedNames would be the same.
CREATE SCHEMA a;
CREATE SCHEMA "a/b";
CREATE TABLE a."b/c" (x integer);
CREATE TABLE "a/b".c (y integer, "z/x" integer);
CREATE TABLE "a/b"."c/z" (x integer);
-- A table and a column; a schema and a table.
CREATE TABLE a.b (c integer, "d/e" integer);
CREATE TABLE a."b/d" (e integer);
-- Routines, and a table with the name that stands before routines.
CREATE FUNCTION a."f/g"() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION a.f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION a.f(text) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION a."f(integer)"() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE a._procedures_ ("f/g" integer);
