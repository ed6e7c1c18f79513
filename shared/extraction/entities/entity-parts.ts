import * as z from 'zod';

/** What the schemas of all entities are made of, whatever their form. */

export const qualifiedName = z.string().regex(/^[^/]+\/[^/]+\/[^/]+\//, 'tenant/connector/id/…');
export const count = z.int().min(0);
export const yesOrNo = z.enum(['YES', 'NO']);

export const common = {
  name: z.string().min(1),
  qualifiedName,
  connectionQualifiedName: z.string().regex(/^[^/]+\/[^/]+\/[^/]+$/, 'tenant/connector/id'),
  connectionName: z.string(),
  tenantId: z.string().min(1),
  connectorName: z.string().min(1),
  lastSyncWorkflowName: z.string().min(1),
  lastSyncRun: z.string().min(1),
  /** Milliseconds since 1970, UTC; the same in all lines of a file. */
  lastSyncRunAt: z.int().positive(),
};

export const ofDatabase = { databaseName: z.string(), databaseQualifiedName: qualifiedName };
export const ofSchema = { ...ofDatabase, schemaName: z.string(), schemaQualifiedName: qualifiedName };

export const reference = <Type extends string>(typeName: Type) =>
  z.strictObject({
    typeName: z.literal(typeName),
    attributes: z.strictObject({}),
    uniqueAttributes: z.strictObject({ qualifiedName }),
  });

export const entity = <
  Type extends string,
  Attributes extends z.core.$ZodLooseShape,
  Custom extends z.core.$ZodLooseShape,
>(
  typeName: Type,
  attributes: Attributes,
  customAttributes: Custom,
) =>
  z.strictObject({
    typeName: z.literal(typeName),
    status: z.literal('ACTIVE'),
    attributes: z.strictObject({ ...common, ...attributes }),
    customAttributes: z.strictObject(customAttributes),
  });
