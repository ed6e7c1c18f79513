import { z } from 'zod';

/**
 * The lines of an extraction's files, attribute by attribute, written from the description of Atlan's app alone, and from none
 * of Ferry's code: what a loader may rely on. Nothing may be missing, nothing may be more, and integers are integers.
 */

const text = z.string();
const nonEmpty = z.string().min(1);
const count = z.int().nonnegative();
const yesNo = z.enum(['YES', 'NO']);

const common = {
  name: nonEmpty,
  qualifiedName: nonEmpty,
  connectionQualifiedName: z.string().regex(/^[^/]+\/[^/]+\/[^/]+$/),
  connectionName: nonEmpty,
  tenantId: nonEmpty,
  connectorName: nonEmpty,
  lastSyncWorkflowName: nonEmpty,
  lastSyncRun: nonEmpty,
  // Milliseconds: seconds or microseconds would be far out of this century.
  lastSyncRunAt: z.int().min(Date.UTC(2025)).max(Date.UTC(2100)),
};
const inDatabase = { databaseName: nonEmpty, databaseQualifiedName: nonEmpty };
const inSchema = { ...inDatabase, schemaName: nonEmpty, schemaQualifiedName: nonEmpty };

function relation<Type extends string>(typeName: Type) {
  return z.strictObject({
    typeName: z.literal(typeName),
    attributes: z.strictObject({}),
    uniqueAttributes: z.strictObject({ qualifiedName: nonEmpty }),
  });
}

function entity<Type extends string, Attributes extends z.ZodRawShape, Custom extends z.ZodRawShape>(
  typeName: Type,
  attributes: Attributes,
  custom: Custom,
) {
  return z.strictObject({
    typeName: z.literal(typeName),
    status: z.literal('ACTIVE'),
    attributes: z.strictObject({ ...common, ...attributes }),
    customAttributes: z.strictObject(custom),
  });
}

const description = text.max(200_000).optional();
const ofRelation = {
  ...inSchema,
  description,
  columnCount: count,
  rowCount: count.optional(),
  sizeBytes: count,
};
const ofTable = {
  ...ofRelation,
  isPartitioned: z.boolean(),
  partitionStrategy: z.enum(['l', 'r', 'h']).optional(),
  partitionCount: count.optional(),
  externalLocation: z.literal(''),
  externalLocationFormat: z.literal(''),
  externalLocationRegion: z.literal(''),
};

function relationCustom<Kind extends string>(...kinds: [Kind, ...Kind[]]) {
  return {
    table_type: z.enum(kinds),
    // Null where the server could not tell, of a locked view for one.
    is_insertable_into: yesNo.nullable(),
    is_typed: yesNo,
    number_columns_in_part_key: count.nullable(),
    columns_participating_in_part_key: count.nullable(),
    self_referencing_col_name: z.literal(''),
    ref_generation: z.literal(''),
    engine: z.null(),
  };
}
const noKey = { number_columns_in_part_key: z.null(), columns_participating_in_part_key: z.null() };

const database = entity('Database', { schemaCount: count }, {});
const schema = entity(
  'Schema',
  {
    ...inDatabase,
    tableCount: count.optional(),
    viewsCount: count.optional(),
    database: relation('Database'),
  },
  {},
);
const table = entity(
  'Table',
  { ...ofTable, atlanSchema: relation('Schema') },
  relationCustom('TABLE', 'PARTITIONED TABLE', 'FOREIGN TABLE'),
);
const tablePartition = entity(
  'TablePartition',
  {
    ...ofTable,
    constraint: nonEmpty.optional(),
    // Without a parent in the output, the names stay and the relation goes.
    tableName: nonEmpty,
    tableQualifiedName: nonEmpty,
    parentTable: z
      .strictObject({
        typeName: z.enum(['Table', 'TablePartition']),
        uniqueAttributes: z.strictObject({ qualifiedName: nonEmpty }),
      })
      .optional(),
  },
  relationCustom('TABLE', 'PARTITIONED TABLE', 'FOREIGN TABLE'),
);
const view = entity(
  'View',
  {
    ...ofRelation,
    // Absent where the server cannot give it, which a warning tells.
    definition: z.string().startsWith('CREATE OR REPLACE VIEW ').optional(),
    atlanSchema: relation('Schema'),
  },
  { ...relationCustom('VIEW'), ...noKey },
);
const materialisedView = entity(
  'MaterialisedView',
  {
    ...ofRelation,
    definition: z.string().startsWith('CREATE MATERIALIZED VIEW ').optional(),
    atlanSchema: relation('Schema'),
  },
  {
    ...relationCustom('MATERIALIZED VIEW'),
    ...noKey,
    is_insertable_into: z.null(),
    is_typed: z.null(),
  },
);
const column = entity(
  'Column',
  {
    ...inSchema,
    tableName: nonEmpty.optional(),
    tableQualifiedName: nonEmpty.optional(),
    viewName: nonEmpty.optional(),
    viewQualifiedName: nonEmpty.optional(),
    description,
    dataType: nonEmpty,
    isNullable: z.boolean(),
    isPartition: z.literal(false),
    isPrimary: z.boolean(),
    isForeign: z.boolean(),
    precision: count.optional(),
    numericScale: z.int(),
    maxLength: count,
    order: z.int().positive(),
    table: relation('Table').optional(),
    view: relation('View').optional(),
    materialisedView: relation('MaterialisedView').optional(),
    tablePartition: relation('TablePartition').optional(),
  },
  {
    ordinal_position: z.int().positive(),
    is_self_referencing: z.literal('NO'),
    type_name: nonEmpty,
    numeric_precision: z.int().optional(),
    character_octet_length: z.int().optional(),
    is_auto_increment: yesNo,
    is_generated: yesNo,
    is_identity: yesNo,
    identity_cycle: z.null(),
    column_size: nonEmpty,
  },
).superRefine(({ attributes: of, customAttributes: custom }, context) => {
  const complain = (message: string) => context.addIssue({ code: 'custom', message });
  const owners = [of.table, of.view, of.materialisedView, of.tablePartition].filter(Boolean);
  if (owners.length !== 1) complain(`a column has exactly one relation, not ${owners.length}`);
  const names = of.view || of.materialisedView ? ['view'] : ['table'];
  for (const kind of ['table', 'view'] as const) {
    const there = [of[`${kind}Name`], of[`${kind}QualifiedName`]].map((value) => value !== undefined);
    if (there.some((is) => is !== names.includes(kind)))
      complain(`${kind}Name and ${kind}QualifiedName do not fit`);
  }
  if (of.order !== custom.ordinal_position) complain('order and ordinal_position differ');
  if (of.dataType !== custom.type_name) complain('dataType and type_name differ');
});
const procedure = entity(
  'Procedure',
  {
    ...inSchema,
    definition: text.optional(),
    subType: z.literal('-1'),
    sourceCreatedBy: nonEmpty,
    atlanSchema: relation('Schema'),
  },
  {},
);

/** Any line of any file. */
export const atlanEntity = z.discriminatedUnion('typeName', [
  database,
  schema,
  table,
  tablePartition,
  view,
  materialisedView,
  column,
  procedure,
]);
export type AtlanEntity = z.infer<typeof atlanEntity>;
const typeNames = [
  'Database',
  'Schema',
  'Table',
  'View',
  'MaterialisedView',
  'TablePartition',
  'Column',
  'Procedure',
] as const satisfies AtlanEntity['typeName'][];

const relationBeside = z.strictObject({
  typeName: nonEmpty,
  uniqueAttributes: z.strictObject({ qualifiedName: nonEmpty }),
});
const sdk3Line = z.looseObject({
  attributes: z.record(z.string(), z.unknown()),
  relationshipAttributes: z.record(z.string(), relationBeside).optional(),
});

/**
 * A line of version 3 of the SDK in the form of the others: there its relations stand beside the attributes, without attributes of
 * their own. Throws unless every one does.
 */
export function inFormOfApp(value: unknown): unknown {
  const { relationshipAttributes: beside, attributes, ...rest } = sdk3Line.parse(value);
  for (const [name, one] of Object.entries(attributes))
    if (typeof one === 'object' && !name.startsWith('sql'))
      throw new Error(`${name} is not beside the attributes`);
  // Every asset but the database stands in another one.
  if ((beside === undefined) !== (rest.typeName === 'Database'))
    throw new Error(`${rest.typeName} with the relations ${JSON.stringify(beside)}`);
  const relations = Object.entries(beside ?? {}).map(([name, one]) => [
    name,
    name === 'parentTable' ? one : { ...one, attributes: {} },
  ]);
  return { ...rest, attributes: { ...attributes, ...Object.fromEntries(relations) } };
}

const owned = { sourceOwners: nonEmpty };
/** What entities have with `details: true` only: fields of Atlan's model that its app leaves empty. */
const details: Record<AtlanEntity['typeName'], z.ZodObject> = {
  Database: z.strictObject({}),
  Schema: z.strictObject(owned),
  Table: z.strictObject(owned),
  View: z.strictObject(owned),
  MaterialisedView: z.strictObject(owned),
  TablePartition: z.strictObject(owned),
  Column: z.strictObject({
    rawDataTypeDefinition: nonEmpty.optional(),
    defaultValue: text.optional(),
    isIndexed: z.boolean(),
    partitionOrder: z.int().positive().optional(),
    foreignKeyFrom: relation('Column').optional(),
  }),
  Procedure: z.strictObject({
    sqlLanguage: nonEmpty,
    sqlArguments: z
      .array(z.strictObject({ sqlArgumentName: nonEmpty.optional(), sqlArgumentType: nonEmpty }))
      .optional(),
    sqlProcedureReturn: z.strictObject({ sqlReturnType: nonEmpty }).optional(),
  }),
};
const detailNames = new Set(Object.values(details).flatMap(({ shape }) => Object.keys(shape)));

/**
 * A line as it is without details, and what it refers to in them. Throws unless its details are those of its type.
 */
export function withoutDetails(value: unknown): { plain: unknown; references: string[] } {
  const line = z
    .looseObject({ typeName: z.enum(typeNames), attributes: z.record(z.string(), z.unknown()) })
    .parse(value);
  const entries = Object.entries(line.attributes);
  const found = Object.fromEntries(entries.filter(([name]) => detailNames.has(name)));
  const { foreignKeyFrom, partitionOrder } = details[line.typeName].parse(found) as {
    foreignKeyFrom?: { uniqueAttributes: { qualifiedName: string } };
    partitionOrder?: number;
  };
  const rest = Object.fromEntries(entries.filter(([name]) => !detailNames.has(name)));
  if (line.typeName === 'Column') {
    if (rest.isPartition !== (partitionOrder !== undefined))
      throw new Error('isPartition and partitionOrder');
    rest.isPartition = false;
  }
  return {
    // In the order of the line.
    plain: { ...(value as object), attributes: rest },
    references: foreignKeyFrom ? [foreignKeyFrom.uniqueAttributes.qualifiedName] : [],
  };
}

/** The types that each folder's files may hold. */
export const typesOfFolder: Record<string, readonly AtlanEntity['typeName'][]> = {
  database: ['Database'],
  schema: ['Schema'],
  table: ['Table', 'View', 'MaterialisedView', 'TablePartition'],
  column: ['Column'],
  'extras-procedure': ['Procedure'],
};

/** `statistics.json.ignore`. */
export const atlanStatistics = z.strictObject({ total_record_count: count, chunk_count: count });

/** The only names that keep a null. */
const keptNulls = new Set([
  'identity_cycle',
  'number_columns_in_part_key',
  'columns_participating_in_part_key',
  'engine',
  'is_insertable_into',
  'is_typed',
]);

/** The names of nulls that file form would have dropped, with their paths. */
export function nullsOutsideFileForm(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    inner === null
      ? keptNulls.has(key)
        ? []
        : [`${path}${key}`]
      : nullsOutsideFileForm(inner, `${path}${key}.`),
  );
}

/** Columns of the raw files, by folder; a raw file of `database` has all of pg_database besides. */
export const rawColumns: Record<string, readonly string[]> = {
  database: ['datname', 'database_name', 'schema_count'],
  schema: ['catalog_name', 'schema_name', 'schema_owner', 'table_count', 'views_count'],
  table: (
    'table_catalog table_schema table_name row_count column_count table_kind table_type is_partition partition_strategy ' +
    'partition_count parent_table_name partitioned_parent_table partition_constraint number_columns_in_part_key ' +
    'columns_participating_in_part_key view_definition self_referencing_column_name reference_generation ' +
    'user_defined_type_catalog user_defined_type_schema user_defined_type_name is_insertable_into is_typed commit_action ' +
    'remarks size_bytes location file_format_type stage_region engine ref_generation'
  ).split(' '),
  column: (
    'table_catalog table_schema table_name column_name ordinal_position column_def is_nullable data_type is_auto_increment ' +
    'numeric_precision character_octet_length is_generated is_identity identity_cycle column_size num_prec_radix ' +
    'decimal_digits table_type belongs_to_partition partitioned_table constraint_type constraint_name remarks ' +
    'partition_order is_partition numeric_scale max_length is_self_referencing'
  ).split(' '),
  'extras-procedure':
    'procedure_catalog procedure_schema procedure_name source_owner procedure_definition procedure_type'.split(
      ' ',
    ),
};
