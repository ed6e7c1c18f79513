CREATE DATABASE oracle CHARACTER SET utf8mb4;
CREATE TABLE oracle.own (a INT PRIMARY KEY, v VECTOR(4), g GEOMETRY NOT NULL SRID 4326, j JSON, d VARCHAR(40) DEFAULT (uuid()), KEY functional ((a + 1)), SPATIAL KEY (g), CHECK (a > 0));
SET SESSION sql_generate_invisible_primary_key = ON;
CREATE TABLE oracle.without_key (a INT);
