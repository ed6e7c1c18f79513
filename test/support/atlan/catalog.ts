import type { PostgresServer } from '../servers/postgres-server.ts';

/** Fills a database with what {@link expectedEntities} names. */
export async function createCatalog(server: Pick<PostgresServer, 'query'>): Promise<void> {
  await server.query(`
    CREATE SCHEMA zeta;
    CREATE SCHEMA alpha;
    CREATE TABLE users (id int PRIMARY KEY, name varchar(255) NOT NULL);
    COMMENT ON TABLE users IS 'People  <b>who</b> order ';
    CREATE TABLE orders (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id int NOT NULL UNIQUE REFERENCES users,
      total numeric(10,2),
      tags text[]
    );
    CREATE TABLE temp_import (id int);
    CREATE TABLE sales (region text, amount int) PARTITION BY LIST (region);
    CREATE TABLE sales_north PARTITION OF sales FOR VALUES IN ('N');
    CREATE VIEW open_orders AS SELECT id FROM orders;
    CREATE MATERIALIZED VIEW zeta.totals AS SELECT user_id FROM public.orders;
    CREATE FUNCTION zeta.add_numbers(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b'`);
}

/** How Atlan is to call the connection. */
export const connection = {
  connection_name: 'dev',
  connection_qualified_name: 'default/postgres/1745501106',
};

const Q = `${connection.connection_qualified_name}/postgres`;
const ofConnection = {
  connectionQualifiedName: connection.connection_qualified_name,
  connectionName: 'dev',
  tenantId: 'stadt',
  connectorName: 'postgres',
};
const inSchema = (schema: string) => ({
  ...ofConnection,
  databaseName: 'postgres',
  databaseQualifiedName: Q,
  schemaName: schema,
  schemaQualifiedName: `${Q}/${schema}`,
});
const relation = (typeName: string, qualifiedName: string) => ({
  typeName,
  attributes: {},
  uniqueAttributes: { qualifiedName },
});
const ofTable = (kind: string) => ({
  table_type: kind,
  is_insertable_into: 'YES',
  number_columns_in_part_key: null,
  columns_participating_in_part_key: null,
  is_typed: 'NO',
  self_referencing_col_name: '',
  ref_generation: '',
  engine: null,
});
const external = { externalLocation: '', externalLocationFormat: '', externalLocationRegion: '' };
const column = (order: number, type: string, size: string) => ({
  ordinal_position: order,
  is_self_referencing: 'NO',
  type_name: type,
  is_auto_increment: 'NO',
  is_generated: 'NO',
  column_size: size,
  is_identity: 'NO',
  identity_cycle: null,
});

/**
 * Entities of {@link createCatalog} in database `postgres`, written by hand from the contract, by qualifiedName. Without
 * what differs from run to run: lastSync…, sizes of relations, numbers of rows.
 */
export const expectedEntities: Record<string, object> = {
  [Q]: {
    typeName: 'Database',
    status: 'ACTIVE',
    customAttributes: {},
    attributes: { ...ofConnection, name: 'postgres', qualifiedName: Q, schemaCount: 3 },
  },
  [`${Q}/zeta`]: {
    typeName: 'Schema',
    status: 'ACTIVE',
    customAttributes: {},
    attributes: {
      ...ofConnection,
      name: 'zeta',
      qualifiedName: `${Q}/zeta`,
      databaseName: 'postgres',
      databaseQualifiedName: Q,
      tableCount: 0,
      viewsCount: 1,
      database: relation('Database', Q),
    },
  },
  // A schema without any relation has no counts.
  [`${Q}/alpha`]: {
    typeName: 'Schema',
    status: 'ACTIVE',
    customAttributes: {},
    attributes: {
      ...ofConnection,
      name: 'alpha',
      qualifiedName: `${Q}/alpha`,
      databaseName: 'postgres',
      databaseQualifiedName: Q,
      database: relation('Database', Q),
    },
  },
  [`${Q}/public/users`]: {
    typeName: 'Table',
    status: 'ACTIVE',
    customAttributes: ofTable('TABLE'),
    attributes: {
      ...inSchema('public'),
      name: 'users',
      qualifiedName: `${Q}/public/users`,
      description: 'People who order',
      columnCount: 2,
      isPartitioned: false,
      ...external,
      atlanSchema: relation('Schema', `${Q}/public`),
    },
  },
  [`${Q}/public/sales`]: {
    typeName: 'Table',
    status: 'ACTIVE',
    customAttributes: {
      ...ofTable('PARTITIONED TABLE'),
      number_columns_in_part_key: 1,
      columns_participating_in_part_key: 1,
    },
    attributes: {
      ...inSchema('public'),
      name: 'sales',
      qualifiedName: `${Q}/public/sales`,
      columnCount: 2,
      isPartitioned: true,
      partitionStrategy: 'l',
      partitionCount: 1,
      ...external,
      atlanSchema: relation('Schema', `${Q}/public`),
    },
  },
  [`${Q}/public/sales_north`]: {
    typeName: 'TablePartition',
    status: 'ACTIVE',
    customAttributes: ofTable('TABLE'),
    attributes: {
      ...inSchema('public'),
      name: 'sales_north',
      qualifiedName: `${Q}/public/sales_north`,
      tableName: 'sales',
      tableQualifiedName: `${Q}/public/sales`,
      columnCount: 2,
      isPartitioned: false,
      constraint: "FOR VALUES IN ('N')",
      ...external,
      parentTable: { typeName: 'Table', uniqueAttributes: { qualifiedName: `${Q}/public/sales` } },
    },
  },
  [`${Q}/public/orders/user_id`]: {
    typeName: 'Column',
    status: 'ACTIVE',
    customAttributes: column(2, 'int4', 'integer'),
    attributes: {
      ...inSchema('public'),
      name: 'user_id',
      qualifiedName: `${Q}/public/orders/user_id`,
      tableName: 'orders',
      tableQualifiedName: `${Q}/public/orders`,
      dataType: 'int4',
      isNullable: false,
      isPartition: false,
      isPrimary: false,
      isForeign: true,
      precision: 32,
      numericScale: 0,
      maxLength: 0,
      order: 2,
      table: relation('Table', `${Q}/public/orders`),
    },
  },
  [`${Q}/public/orders/total`]: {
    typeName: 'Column',
    status: 'ACTIVE',
    customAttributes: column(3, 'numeric', 'numeric'),
    attributes: {
      ...inSchema('public'),
      name: 'total',
      qualifiedName: `${Q}/public/orders/total`,
      tableName: 'orders',
      tableQualifiedName: `${Q}/public/orders`,
      dataType: 'numeric',
      isNullable: true,
      isPartition: false,
      isPrimary: false,
      isForeign: false,
      precision: 10,
      numericScale: 2,
      maxLength: 0,
      order: 3,
      table: relation('Table', `${Q}/public/orders`),
    },
  },
  [`${Q}/zeta/_procedures_/add_numbers`]: {
    typeName: 'Procedure',
    status: 'ACTIVE',
    customAttributes: {},
    attributes: {
      ...inSchema('zeta'),
      name: 'add_numbers',
      qualifiedName: `${Q}/zeta/_procedures_/add_numbers`,
      definition: 'SELECT a + b',
      subType: '-1',
      sourceCreatedBy: 'postgres',
      atlanSchema: relation('Schema', `${Q}/zeta`),
    },
  },
};

/** All of {@link createCatalog}'s qualifiedNames below the database, without its columns. */
export const expectedNames = [
  'alpha',
  'public',
  'public/open_orders',
  'public/orders',
  'public/sales',
  'public/sales_north',
  'public/temp_import',
  'public/users',
  'zeta',
  'zeta/_procedures_/add_numbers',
  'zeta/totals',
].map((name) => `${Q}/${name}`);
