import type { AtlanConnection } from '../../config/atlan-connection.ts';
import type { QualifiedNames } from './qualified-names.ts';

/** What all entities say about where and when they were read. */
export interface CommonAttributes {
  connectionQualifiedName: string;
  connectionName: string;
  tenantId: string;
  connectorName: string;
  lastSyncWorkflowName: string;
  lastSyncRun: string;
  /** Milliseconds since 1970. */
  lastSyncRunAt: number;
}

/** What a builder needs besides the row. */
export interface EntityContext {
  names: QualifiedNames;
  common: CommonAttributes;
  /** Whether each partition is an entity, where partitions are no relations of their own. @default false */
  tablePartitions?: boolean;
  /** Whether relations are in `relationshipAttributes`, beside the attributes. @default false */
  relationsBeside?: boolean;
}

/** @param options.at milliseconds since 1970 */
export function commonAttributes(options: {
  connection: AtlanConnection;
  tenantId: string;
  workflowId: string;
  runId: string;
  at: number;
}): CommonAttributes {
  const { connection, tenantId, workflowId, runId, at } = options;
  return {
    connectionQualifiedName: connection.qualifiedName,
    connectionName: connection.name,
    tenantId,
    connectorName: connection.qualifiedName.split('/')[1] ?? '',
    lastSyncWorkflowName: workflowId,
    lastSyncRun: runId,
    lastSyncRunAt: at,
  };
}

/** What all entities in a schema say about where they are. */
export function schemaAttributes(names: QualifiedNames, database: string, schema: string) {
  return {
    databaseName: database,
    databaseQualifiedName: names.database,
    schemaName: schema,
    schemaQualifiedName: names.schema(schema),
  };
}

/** A reference to an entity of the same output. */
export function referTo<Type extends string>(typeName: Type, qualifiedName: string) {
  return { typeName, attributes: {}, uniqueAttributes: { qualifiedName } };
}
