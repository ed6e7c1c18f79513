-- SQL Server's catalog views as its documentation has them, of which a query that reads any other column fails: those that
-- Ferry's queries could have use for. https://learn.microsoft.com/sql/relational-databases/system-catalog-views/
CREATE SCHEMA sys;
CREATE TABLE sys.schemas (name VARCHAR, schema_id INTEGER, principal_id INTEGER);
CREATE TABLE sys.database_principals (name VARCHAR, principal_id INTEGER, type VARCHAR, type_desc VARCHAR, default_schema_name VARCHAR, create_date TIMESTAMP, modify_date TIMESTAMP, owning_principal_id INTEGER, sid BLOB, is_fixed_role INTEGER, authentication_type INTEGER, authentication_type_desc VARCHAR);
CREATE TABLE sys.objects (name VARCHAR, object_id INTEGER, principal_id INTEGER, schema_id INTEGER, parent_object_id INTEGER, type VARCHAR, type_desc VARCHAR, create_date TIMESTAMP, modify_date TIMESTAMP, is_ms_shipped INTEGER, is_published INTEGER, is_schema_published INTEGER);
-- Of those of sys.tables, only what sys.objects does not have.
CREATE TABLE sys.tables (name VARCHAR, object_id INTEGER, lob_data_space_id INTEGER, filestream_data_space_id INTEGER, max_column_id_used INTEGER, is_memory_optimized INTEGER, durability INTEGER, temporal_type INTEGER, history_table_id INTEGER, is_external INTEGER, is_filetable INTEGER);
CREATE TABLE sys.columns (object_id INTEGER, name VARCHAR, column_id INTEGER, system_type_id INTEGER, user_type_id INTEGER, max_length INTEGER, precision INTEGER, scale INTEGER, collation_name VARCHAR, is_nullable INTEGER, is_ansi_padded INTEGER, is_rowguidcol INTEGER, is_identity INTEGER, is_computed INTEGER, is_filestream INTEGER, is_replicated INTEGER, is_non_sql_subscribed INTEGER, is_merge_published INTEGER, is_dts_replicated INTEGER, is_xml_document INTEGER, xml_collection_id INTEGER, default_object_id INTEGER, rule_object_id INTEGER, is_sparse INTEGER, is_column_set INTEGER, generated_always_type INTEGER, generated_always_type_desc VARCHAR, encryption_type INTEGER, is_hidden INTEGER, is_masked INTEGER);
CREATE TABLE sys.types (name VARCHAR, system_type_id INTEGER, user_type_id INTEGER, schema_id INTEGER, principal_id INTEGER, max_length INTEGER, precision INTEGER, scale INTEGER, collation_name VARCHAR, is_nullable INTEGER, is_user_defined INTEGER, is_assembly_type INTEGER, default_object_id INTEGER, rule_object_id INTEGER, is_table_type INTEGER);
CREATE TABLE sys.default_constraints (name VARCHAR, object_id INTEGER, principal_id INTEGER, schema_id INTEGER, parent_object_id INTEGER, type VARCHAR, parent_column_id INTEGER, definition VARCHAR, is_system_named INTEGER);
CREATE TABLE sys.computed_columns (object_id INTEGER, name VARCHAR, column_id INTEGER, definition VARCHAR, uses_database_collation INTEGER, is_persisted INTEGER);
CREATE TABLE sys.extended_properties (class INTEGER, class_desc VARCHAR, major_id INTEGER, minor_id INTEGER, name VARCHAR, value VARCHAR);
CREATE TABLE sys.indexes (object_id INTEGER, name VARCHAR, index_id INTEGER, type INTEGER, type_desc VARCHAR, is_unique INTEGER, data_space_id INTEGER, ignore_dup_key INTEGER, is_primary_key INTEGER, is_unique_constraint INTEGER, fill_factor INTEGER, is_padded INTEGER, is_disabled INTEGER, is_hypothetical INTEGER, allow_row_locks INTEGER, allow_page_locks INTEGER, has_filter INTEGER, filter_definition VARCHAR);
CREATE TABLE sys.index_columns (object_id INTEGER, index_id INTEGER, index_column_id INTEGER, column_id INTEGER, key_ordinal INTEGER, partition_ordinal INTEGER, is_descending_key INTEGER, is_included_column INTEGER);
CREATE TABLE sys.partition_schemes (name VARCHAR, data_space_id INTEGER, type VARCHAR, type_desc VARCHAR, is_default INTEGER, is_system INTEGER, function_id INTEGER);
CREATE TABLE sys.partitions (partition_id BIGINT, object_id INTEGER, index_id INTEGER, partition_number INTEGER, hobt_id BIGINT, rows BIGINT, filestream_filegroup_id INTEGER, data_compression INTEGER, data_compression_desc VARCHAR);
CREATE TABLE sys.allocation_units (allocation_unit_id BIGINT, type INTEGER, type_desc VARCHAR, container_id BIGINT, data_space_id INTEGER, total_pages BIGINT, used_pages BIGINT, data_pages BIGINT);
CREATE TABLE sys.foreign_keys (name VARCHAR, object_id INTEGER, principal_id INTEGER, schema_id INTEGER, parent_object_id INTEGER, type VARCHAR, referenced_object_id INTEGER, key_index_id INTEGER, is_disabled INTEGER, is_not_for_replication INTEGER, is_not_trusted INTEGER, delete_referential_action INTEGER, update_referential_action INTEGER, is_system_named INTEGER);
CREATE TABLE sys.foreign_key_columns (constraint_object_id INTEGER, constraint_column_id INTEGER, parent_object_id INTEGER, parent_column_id INTEGER, referenced_object_id INTEGER, referenced_column_id INTEGER);
CREATE TABLE sys.sql_modules (object_id INTEGER, definition VARCHAR, uses_ansi_nulls INTEGER, uses_quoted_identifier INTEGER, is_schema_bound INTEGER, uses_database_collation INTEGER, is_recompiled INTEGER, null_on_null_input INTEGER, execute_as_principal_id INTEGER, uses_native_compilation INTEGER);
CREATE TABLE sys.parameters (object_id INTEGER, name VARCHAR, parameter_id INTEGER, system_type_id INTEGER, user_type_id INTEGER, max_length INTEGER, precision INTEGER, scale INTEGER, is_output INTEGER, is_cursor_ref INTEGER, has_default_value INTEGER, is_xml_document INTEGER, default_value VARCHAR, xml_collection_id INTEGER, is_readonly INTEGER, is_nullable INTEGER);
CREATE TABLE sys.databases (name VARCHAR, database_id INTEGER, source_database_id INTEGER, owner_sid BLOB, create_date TIMESTAMP, compatibility_level INTEGER, collation_name VARCHAR, user_access INTEGER, is_read_only INTEGER, state INTEGER, state_desc VARCHAR, is_read_committed_snapshot_on INTEGER, is_distributor INTEGER);

CREATE MACRO db_id() AS 5;
CREATE MACRO db_name() AS 'Ämter';
CREATE MACRO has_dbaccess(name) AS CASE WHEN name IN ('geheim', 'fort') THEN 0 ELSE 1 END;
CREATE MACRO serverproperty(name) AS getvariable(name);
SET VARIABLE "ProductVersion" = '16.0.4085.2';
SET VARIABLE "EngineEdition" = 3;
CREATE TABLE granted (permission VARCHAR);
CREATE MACRO fn_my_permissions(securable, class) AS TABLE SELECT '' AS entity_name, '' AS subentity_name, permission AS permission_name FROM granted;
-- What CONVERT(varbinary, …) makes of nvarchar: the letters in UTF-16, low byte first.
CREATE MACRO utf16hex(letters) AS array_to_string(list_transform(string_split(letters, ''), lambda letter: CASE
  WHEN unicode(letter) < 65536 THEN printf('%02X%02X', unicode(letter) % 256, unicode(letter) // 256)
  ELSE printf('%02X%02X', (55296 + (unicode(letter) - 65536) // 1024) % 256, (55296 + (unicode(letter) - 65536) // 1024) // 256)
    || printf('%02X%02X', (56320 + (unicode(letter) - 65536) % 1024) % 256, (56320 + (unicode(letter) - 65536) % 1024) // 256)
END), '');
