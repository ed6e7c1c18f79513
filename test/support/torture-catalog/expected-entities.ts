import { columnTypes, type TypeFact } from './column-types.ts';
import { relationFacts, SCHEMA_OF_A_SEQUENCE, schemaNames } from './facts/all-facts.ts';
import type { ColumnFact, RelationFact, RoutineFact } from './facts/facts.ts';
import { routineFacts } from './facts/facts-routines.ts';
import type { ServerTexts } from './server-texts.ts';

/** An entity, without `lastSyncRunAt`: the only attribute that is not known before. */
export interface ExpectedEntity {
  typeName: string;
  status: 'ACTIVE';
  attributes: Record<string, unknown> & { name: string; qualifiedName: string };
  customAttributes: Record<string, unknown>;
}

/** What the entities of a run have in common. */
export interface RunFacts {
  database: string;
  connection: { qualifiedName: string; name: string };
  tenantId: string;
  workflowId: string;
  runId: string;
}

const tableTypes = {
  TABLE: 'Table',
  'PARTITIONED TABLE': 'Table',
  'FOREIGN TABLE': 'Table',
  VIEW: 'View',
  'MATERIALIZED VIEW': 'MaterialisedView',
};

/** What Atlan's app makes of the facts of the torture catalog. */
export function expectedEntities(run: RunFacts, major: number, texts: ServerTexts): ExpectedEntity[] {
  const relations = relationFacts(major);
  return [
    expectDatabase(run),
    ...schemaNames.map((schema) => expectSchema(run, schema, relations)),
    ...relations.map((fact) => expectRelation(run, fact, texts, major)),
    ...relations.flatMap((fact) => fact.columns.map((column, at) => expectColumn(run, fact, column, at + 1))),
    ...routineFacts(major).map((fact) => expectRoutine(run, fact)),
  ];
}

/** A database with that many schemas. */
export function expectDatabase(run: RunFacts, schemaCount = schemaNames.length): ExpectedEntity {
  return entity('Database', run, [], { name: run.database, schemaCount });
}

/** A schema of that database. */
export function expectSchema(run: RunFacts, name: string, relations: RelationFact[]): ExpectedEntity {
  const kinds = relations.filter(({ schema }) => schema === name).map(({ kind }) => kind);
  const tableCount = kinds.filter((kind) => !kind.endsWith('VIEW')).length;
  const counted = kinds.length > 0 || name === SCHEMA_OF_A_SEQUENCE;
  return entity('Schema', run, [name], {
    name,
    ...inDatabase(run),
    ...(counted && { tableCount, viewsCount: kinds.length - tableCount }),
    database: related('Database', nameOf(run)),
  });
}

/** Before Postgres 14, what was never analysed has 0 rows in the catalog, which is only true of a table without a page. */
function rowCountOf({ kind, rowCount }: RelationFact, size: number, major: number): number | undefined {
  if (major >= 14 || kind === 'VIEW') return rowCount;
  if (kind === 'TABLE' || kind === 'MATERIALIZED VIEW') return rowCount ?? (size === 0 ? 0 : undefined);
  return undefined;
}

function expectRelation(
  run: RunFacts,
  fact: RelationFact,
  texts: ServerTexts,
  major: number,
): ExpectedEntity {
  const { schema, name, kind, columns, description, partitioned, partitionOf, typed } = fact;
  const rowCount = rowCountOf(fact, texts.size(schema, name), major);
  const isView = kind.endsWith('VIEW');
  const insertable = fact.insertable ?? !isView;
  const flag = (yes: boolean) => (kind === 'MATERIALIZED VIEW' ? null : yes ? 'YES' : 'NO');
  const parent = partitionOf && nameOf(run, partitionOf.schema, partitionOf.name);
  return entity(
    relationType(fact),
    run,
    [schema, name],
    {
      name,
      ...inSchema(run, schema),
      ...(description !== undefined && { description }),
      columnCount: columns.length,
      ...(rowCount !== undefined && { rowCount }),
      sizeBytes: texts.size(schema, name),
      ...(isView
        ? { definition: texts.definition(schema, name) }
        : {
            isPartitioned: partitioned !== undefined,
            externalLocation: '',
            externalLocationFormat: '',
            externalLocationRegion: '',
          }),
      ...(partitioned && { partitionStrategy: partitioned.strategy }),
      ...(partitioned && partitioned.children > 0 && { partitionCount: partitioned.children }),
      ...(partitionOf
        ? {
            tableName: partitionOf.name,
            tableQualifiedName: parent,
            parentTable: {
              typeName: partitionOf.isPartition ? 'TablePartition' : 'Table',
              uniqueAttributes: { qualifiedName: parent },
            },
            // Of ordinary tables only: not of partitions with partitions, nor of foreign tables.
            ...(kind === 'TABLE' && { constraint: partitionOf.bound }),
          }
        : { atlanSchema: related('Schema', nameOf(run, schema)) }),
    },
    {
      table_type: kind,
      is_insertable_into: flag(insertable),
      is_typed: flag(typed ?? false),
      number_columns_in_part_key: partitioned?.keyColumns ?? null,
      columns_participating_in_part_key: partitioned?.keyColumn ?? null,
      self_referencing_col_name: '',
      ref_generation: '',
      engine: null,
    },
  );
}

function expectColumn(run: RunFacts, of: RelationFact, fact: ColumnFact, place: number): ExpectedEntity {
  const type: TypeFact = columnTypes[fact.type];
  const dataType = type.dataType ?? fact.type;
  const order = fact.order ?? place;
  const precision = fact.precision ?? type.precision;
  const isView = of.kind.endsWith('VIEW');
  const owner = nameOf(run, of.schema, of.name);
  const relationKey = {
    Table: 'table',
    View: 'view',
    MaterialisedView: 'materialisedView',
    TablePartition: 'tablePartition',
  }[relationType(of)];
  return entity(
    'Column',
    run,
    [of.schema, of.name, fact.name],
    {
      name: fact.name,
      ...inSchema(run, of.schema),
      ...(isView
        ? { viewName: of.name, viewQualifiedName: owner }
        : { tableName: of.name, tableQualifiedName: owner }),
      ...(fact.description !== undefined && { description: fact.description }),
      dataType,
      isNullable: !fact.notNull,
      isPartition: false,
      isPrimary: fact.primary ?? false,
      isForeign: fact.foreign ?? false,
      ...(precision !== undefined && { precision }),
      numericScale: fact.scale ?? 0,
      maxLength: fact.length ?? 0,
      order,
      [String(relationKey)]: related(relationType(of), owner),
    },
    {
      ordinal_position: order,
      is_self_referencing: 'NO',
      type_name: dataType,
      ...(type.domain !== undefined && { numeric_precision: type.domain }),
      ...(type.octets !== undefined && { character_octet_length: type.octets }),
      is_auto_increment: fact.auto ? 'YES' : 'NO',
      is_generated: fact.generated ? 'YES' : 'NO',
      is_identity: fact.identity ? 'YES' : 'NO',
      identity_cycle: null,
      column_size: type.size,
    },
  );
}

function expectRoutine(run: RunFacts, fact: RoutineFact): ExpectedEntity {
  const { schema, name, overload, body, owner } = fact;
  const unique = overload === undefined ? name : `${name}(${overload})`;
  return entity('Procedure', run, [schema, '_procedures_', unique], {
    name,
    ...inSchema(run, schema),
    definition: body,
    subType: '-1',
    sourceCreatedBy: owner,
    atlanSchema: related('Schema', nameOf(run, schema)),
  });
}

function relationType(fact: RelationFact): string {
  return fact.partitionOf ? 'TablePartition' : tableTypes[fact.kind];
}

function entity(
  typeName: string,
  run: RunFacts,
  path: string[],
  attributes: Record<string, unknown> & { name: string },
  customAttributes: Record<string, unknown> = {},
): ExpectedEntity {
  return {
    typeName,
    status: 'ACTIVE',
    attributes: {
      qualifiedName: nameOf(run, ...path),
      connectionQualifiedName: run.connection.qualifiedName,
      connectionName: run.connection.name,
      tenantId: run.tenantId,
      connectorName: run.connection.qualifiedName.split('/')[1],
      lastSyncWorkflowName: run.workflowId,
      lastSyncRun: run.runId,
      ...attributes,
    },
    customAttributes,
  };
}

function nameOf(run: RunFacts, ...path: string[]): string {
  return [run.connection.qualifiedName, run.database, ...path].join('/');
}

function inDatabase(run: RunFacts) {
  return { databaseName: run.database, databaseQualifiedName: nameOf(run) };
}

function inSchema(run: RunFacts, schema: string) {
  return { ...inDatabase(run), schemaName: schema, schemaQualifiedName: nameOf(run, schema) };
}

function related(typeName: string, qualifiedName: string) {
  return { typeName, attributes: {}, uniqueAttributes: { qualifiedName } };
}
