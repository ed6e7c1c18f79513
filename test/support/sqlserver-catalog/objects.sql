-- What a database of a city could have in them.
INSERT INTO granted VALUES ('CONNECT'), ('SELECT'), ('EXECUTE'), ('VIEW DEFINITION');
INSERT INTO sys.databases (name, database_id, source_database_id, collation_name, compatibility_level, state, is_distributor) VALUES
  ('master', 1, NULL, 'x', 160, 0, 0), ('tempdb', 2, NULL, 'x', 160, 0, 0), ('model', 3, NULL, 'x', 160, 0, 0), ('msdb', 4, NULL, 'x', 160, 0, 0),
  ('Ämter', 5, NULL, 'Latin1_General_CI_AS', 150, 0, 0), ('fort', 6, NULL, NULL, 150, 6, 0), ('geheim', 7, NULL, NULL, 150, 0, 0),
  ('Ämter gestern', 8, 5, NULL, 150, 0, 0), ('distribution', 9, NULL, NULL, 150, 0, 1), ('Zweite', 10, NULL, NULL, 150, 0, 0);
INSERT INTO sys.database_principals (name, principal_id, type, is_fixed_role) VALUES
  ('public', 0, 'R', 0), ('dbo', 1, 'S', 0), ('guest', 2, 'S', 0), ('INFORMATION_SCHEMA', 3, 'S', 0), ('sys', 4, 'S', 0),
  ('Verwaltung', 5, 'R', 0), ('db_owner', 16384, 'R', 1), ('db_datareader', 16390, 'R', 1);
INSERT INTO sys.schemas VALUES ('dbo', 1, 1), ('guest', 2, 2), ('INFORMATION_SCHEMA', 3, 3), ('sys', 4, 4), ('Größe', 5, 5), ('a/b', 6, 99),
  ('leer', 7, 16384), ('db_owner', 16384, 16384), ('db_datareader', 16390, 16390);
INSERT INTO sys.types (name, system_type_id, user_type_id, schema_id, is_user_defined) VALUES
  ('int', 56, 56, 4, 0), ('bigint', 127, 127, 4, 0), ('tinyint', 48, 48, 4, 0), ('bit', 104, 104, 4, 0), ('decimal', 106, 106, 4, 0),
  ('money', 60, 60, 4, 0), ('float', 62, 62, 4, 0), ('datetime2', 42, 42, 4, 0), ('datetime', 61, 61, 4, 0), ('nvarchar', 231, 231, 4, 0),
  ('sysname', 231, 256, 4, 0), ('varchar', 167, 167, 4, 0), ('varbinary', 165, 165, 4, 0), ('xml', 241, 241, 4, 0), ('text', 35, 35, 4, 0),
  ('geography', 240, 130, 4, 0), ('Aktenzeichen', 231, 257, 5, 1), ('Betrag', 106, 258, 5, 1);

INSERT INTO sys.objects (name, object_id, principal_id, schema_id, parent_object_id, type, is_ms_shipped) VALUES
  ('Kunden', 101, NULL, 1, 0, 'U', 0), ('Straße 🐘', 102, 5, 5, 0, 'U', 0), ('Buchungen', 103, NULL, 5, 0, 'U', 0),
  ('c', 104, NULL, 6, 0, 'U', 0), ('tmp_alt', 105, NULL, 1, 0, 'U', 0), ('fern', 106, NULL, 1, 0, 'U', 0), ('Speicher', 107, NULL, 1, 0, 'U', 0),
  ('alle', 201, NULL, 1, 0, 'V', 0), ('geheime', 202, NULL, 1, 0, 'V', 0), ('gezählt', 203, NULL, 5, 0, 'V', 0),
  ('MSreplication_options', 301, NULL, 1, 0, 'U', 1), ('Nr', 302, NULL, 1, 0, 'SO', 0), ('anderswo', 303, NULL, 1, 0, 'SN', 0),
  ('PK_Kunden', 401, NULL, 1, 101, 'PK', 0), ('FK_b', 402, NULL, 5, 103, 'F', 0), ('FK_a', 403, NULL, 5, 103, 'F', 0), ('FK_t', 404, NULL, 1, 101, 'F', 0),
  ('DF_1', 405, NULL, 1, 101, 'D', 0), ('DF_2', 406, NULL, 1, 101, 'D', 0),
  ('buchen', 501, NULL, 5, 0, 'P', 0), ('Alter', 502, NULL, 1, 0, 'FN', 0), ('offene', 503, NULL, 1, 0, 'IF', 0), ('Median', 504, NULL, 1, 0, 'AF', 0),
  ('verschlüsselt', 505, NULL, 1, 0, 'P', 0), ('löschen', 506, NULL, 1, 101, 'TR', 0);
INSERT INTO sys.tables (name, object_id, is_external) SELECT name, object_id, CASE WHEN name = 'fern' THEN 1 ELSE 0 END FROM sys.objects WHERE type = 'U';

INSERT INTO sys.columns (object_id, name, column_id, system_type_id, user_type_id, max_length, precision, scale, is_nullable, is_identity, is_computed, default_object_id, generated_always_type) VALUES
  (101, 'id', 1, 56, 56, 4, 10, 0, 0, 1, 0, 0, 0),
  (101, 'Größe "x" ''y'' ]', 2, 231, 231, 40, 0, 0, 1, 0, 0, 405, 0),
  -- The third was dropped.
  (101, 'Betrag', 4, 106, 106, 9, 10, 2, 0, 0, 0, 0, 0),
  (101, 'doppelt', 5, 56, 56, 4, 10, 0, 1, 0, 1, 0, 0),
  (101, 'Nr', 6, 127, 127, 8, 19, 0, 0, 0, 0, 406, 0),
  (101, 'Akte', 7, 231, 257, 24, 0, 0, 1, 0, 0, 0, 0),
  (101, 'Summe', 8, 106, 258, 9, 12, 3, 1, 0, 0, 0, 0),
  (101, 'Notiz', 9, 231, 231, -1, 0, 0, 1, 0, 0, 0, 0),
  (101, 'Bild', 10, 165, 165, 50, 0, 0, 1, 0, 0, 0, 0),
  (101, 'wann', 11, 42, 42, 8, 27, 7, 0, 0, 0, 0, 1),
  (101, 'früher', 12, 61, 61, 8, 23, 3, 1, 0, 0, 0, 0),
  (101, 'wo', 13, 240, 130, -1, 0, 0, 1, 0, 0, 0, 0),
  (101, 'Baum', 14, 241, 241, -1, 0, 0, 1, 0, 0, 0, 0),
  (101, 'alt', 15, 35, 35, 16, 0, 0, 1, 0, 0, 0, 0),
  (101, 'Name', 16, 231, 256, 256, 0, 0, 0, 0, 0, 0, 0),
  (101, 'Kurs', 17, 62, 62, 8, 53, 0, 1, 0, 0, 0, 0),
  (101, 'Preis', 18, 60, 60, 8, 19, 4, 1, 0, 0, 0, 0),
  -- Of a type that the login may not see.
  (101, 'fremd', 19, 231, 300, 20, 0, 0, 1, 0, 0, 0, 0),
  (101, 'tmp', 20, 56, 56, 4, 10, 0, 1, 0, 0, 0, 0),
  (102, 'x', 1, 48, 48, 1, 3, 0, 0, 0, 0, 0, 0),
  (103, 'Kunde', 1, 56, 56, 4, 10, 0, 0, 0, 0, 0, 0),
  (103, 'Tag', 2, 42, 42, 6, 19, 0, 0, 0, 0, 0, 0),
  (103, 'aktiv', 3, 104, 104, 1, 1, 0, 1, 0, 0, 0, 0),
  (104, 'd', 1, 167, 167, 10, 0, 0, 1, 0, 0, 0, 0),
  (105, 'id', 1, 56, 56, 4, 10, 0, 0, 0, 0, 0, 0),
  (106, 'id', 1, 56, 56, 4, 10, 0, 1, 0, 0, 0, 0),
  (107, 'id', 1, 56, 56, 4, 10, 0, 0, 0, 0, 0, 0),
  (201, 'id', 1, 56, 56, 4, 10, 0, 0, 0, 0, 0, 0), (201, 'b ü', 2, 167, 167, -1, 0, 0, 1, 0, 0, 0, 0),
  (202, 'id', 1, 56, 56, 4, 10, 0, 0, 0, 0, 0, 0), (203, 'n', 1, 127, 127, 8, 19, 0, 1, 0, 0, 0, 0),
  (301, 'x', 1, 56, 56, 4, 10, 0, 0, 0, 0, 0, 0), (503, 'id', 1, 56, 56, 4, 10, 0, 0, 0, 0, 0, 0);
INSERT INTO sys.default_constraints (name, object_id, parent_object_id, parent_column_id, definition) VALUES
  ('DF_1', 405, 101, 2, '(N''groß'')'), ('DF_2', 406, 101, 6, '(NEXT VALUE FOR [dbo].[Nr])');
INSERT INTO sys.computed_columns (object_id, name, column_id, definition) VALUES (101, 'doppelt', 5, '([id]*(2))');
INSERT INTO sys.extended_properties (class, major_id, minor_id, name, value) VALUES
  (1, 101, 0, 'MS_Description', 'Alle  Kunden' || chr(10) || 'der Stadt'), (1, 101, 2, 'MS_Description', 'wie <b>groß</b>'), (1, 101, 0, 'Autor', 'niemand'),
  (3, 1, 0, 'MS_Description', 'ein Schema'), (7, 101, 1, 'MS_Description', 'ein Index'), (1, 501, 0, 'MS_Description', 'eine Prozedur');
INSERT INTO sys.partition_schemes (name, data_space_id, type, function_id) VALUES ('nach_Tag', 65601, 'PS', 65536);
INSERT INTO sys.indexes (object_id, name, index_id, type, data_space_id, is_unique, is_primary_key, is_unique_constraint, is_disabled, is_hypothetical) VALUES
  (101, 'PK_Kunden', 1, 1, 1, 1, 1, 0, 0, 0), (101, 'UQ_Nr', 2, 2, 1, 1, 0, 1, 0, 0), (101, 'IX_Betrag', 3, 2, 1, 0, 0, 0, 0, 0),
  (101, 'IX_aus', 4, 2, 1, 0, 0, 0, 1, 0), (102, NULL, 0, 0, 1, 0, 0, 0, 0, 0), (103, NULL, 0, 0, 65601, 0, 0, 0, 0, 0), (104, NULL, 0, 0, 1, 0, 0, 0, 0, 0),
  (105, 'PK_tmp', 1, 1, 1, 1, 1, 0, 0, 0), (107, 'PK_Speicher', 2, 2, 1, 1, 1, 0, 0, 0), (203, 'IX_g', 1, 1, 1, 1, 0, 0, 0, 0);
INSERT INTO sys.index_columns (object_id, index_id, index_column_id, column_id, key_ordinal, partition_ordinal, is_included_column) VALUES
  (101, 1, 1, 1, 1, 0, 0), (101, 2, 1, 6, 1, 0, 0), (101, 3, 1, 4, 1, 0, 0), (101, 3, 2, 9, 0, 0, 1), (101, 4, 1, 12, 1, 0, 0),
  (103, 0, 1, 2, 0, 1, 0), (105, 1, 1, 1, 1, 0, 0), (107, 2, 1, 1, 1, 0, 0), (203, 1, 1, 1, 1, 0, 0);
INSERT INTO sys.partitions (partition_id, object_id, index_id, partition_number, hobt_id, rows) VALUES
  (1, 101, 1, 1, 11, 1000), (2, 101, 2, 1, 12, 1000), (3, 102, 0, 1, 13, 0), (4, 103, 0, 1, 14, 7), (5, 103, 0, 2, 15, 5000000000),
  (6, 203, 1, 1, 16, 3), (7, 105, 1, 1, 17, 1), (8, 104, 0, 1, 18, 2), (9, 106, 0, 1, 19, 0);
INSERT INTO sys.allocation_units (allocation_unit_id, type, container_id, total_pages, used_pages) VALUES
  (1, 1, 11, 20, 12), (2, 2, 1, 9, 5), (3, 3, 11, 3, 1), (4, 1, 12, 100, 90), (5, 1, 14, 2, 2), (6, 1, 15, 4, 3), (7, 2, 11, 999, 999), (8, 0, 0, 5, 5);
INSERT INTO sys.foreign_keys (name, object_id, schema_id, parent_object_id, referenced_object_id, is_disabled) VALUES
  ('FK_b', 402, 5, 103, 107, 0), ('FK_a', 403, 5, 103, 101, 0), ('FK_t', 404, 1, 101, 105, 0);
INSERT INTO sys.foreign_key_columns VALUES (402, 1, 103, 1, 107, 1), (403, 1, 103, 1, 101, 1), (404, 1, 101, 20, 105, 1);
INSERT INTO sys.sql_modules (object_id, definition) VALUES
  (201, '-- für alle' || chr(13) || chr(10) || 'create  view dbo.alle as SELECT id, [b ü] FROM dbo.Kunden'), (202, NULL), (203, 'CREATE VIEW Größe.gezählt WITH SCHEMABINDING AS SELECT 1'),
  (501, 'CREATE PROCEDURE Größe.buchen @id int, @Text nvarchar(max) OUTPUT AS SELECT 1'), (502, 'CREATE FUNCTION dbo.Alter…'), (503, 'CREATE FUNCTION dbo.offene…'),
  (505, NULL), (506, 'CREATE TRIGGER …');
INSERT INTO sys.parameters (object_id, name, parameter_id, system_type_id, user_type_id, max_length, precision, scale, is_output) VALUES
  (501, '@id', 1, 56, 56, 4, 10, 0, 0), (501, '@Text', 2, 231, 231, -1, 0, 0, 1),
  (502, '', 0, 106, 106, 9, 10, 2, 1), (502, '@Akte', 1, 231, 257, 24, 0, 0, 0),
  (504, '', 0, 62, 62, 8, 53, 0, 1), (504, '@x', 1, 62, 62, 8, 53, 0, 0);
