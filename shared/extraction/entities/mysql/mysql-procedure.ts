import { cleanDescription } from '../clean-description.ts';
import { type EntityContext, referTo, schemaAttributes } from '../context.ts';
import type { RowRemark } from '../row-remark.ts';
import { argumentsOf } from '../signature.ts';
import type { MysqlProcedureEntity } from './mysql-entity-schemas.ts';
import type { MysqlRawProcedure } from './mysql-raw-rows.ts';

/** The columns that {@link buildMysqlProcedure} reads. */
export const mysqlProcedureColumns = [
  'procedure_catalog',
  'procedure_schema',
  'procedure_name',
  'source_owner',
  'procedure_definition',
  'procedure_type',
  'remarks',
  'created',
  'last_altered',
  'is_overloaded',
] as const satisfies (keyof MysqlRawProcedure)[];

/** Those that it reads with details. */
export const mysqlProcedureDetails = [
  'language',
  'argument_list',
  'returns',
  'return_length',
  'return_octet_length',
  'return_precision',
] as const satisfies (keyof MysqlRawProcedure)[];

type ProcedureRow = Pick<MysqlRawProcedure, (typeof mysqlProcedureColumns)[number]> &
  Partial<Pick<MysqlRawProcedure, (typeof mysqlProcedureDetails)[number]>>;

/** A procedure or a function. Of two with one name, the function's qualifiedName says what it is. */
export function buildMysqlProcedure(
  row: ProcedureRow,
  { names, common }: EntityContext,
): MysqlProcedureEntity {
  const { procedure_schema: schema, procedure_name: name, procedure_type: type } = row;
  const schemaQualifiedName = names.schema(schema);
  return {
    typeName: 'Procedure',
    status: 'ACTIVE',
    attributes: {
      name,
      qualifiedName: names.procedure(
        schema,
        name,
        row.is_overloaded && type === 'FUNCTION' ? type : undefined,
      ),
      ...common,
      ...schemaAttributes(names, row.procedure_catalog, schema),
      definition: row.procedure_definition ?? undefined,
      description: cleanDescription(row.remarks),
      subType: type,
      sourceCreatedBy: row.source_owner,
      sourceCreatedAt: row.created || undefined,
      sourceUpdatedAt: row.last_altered || undefined,
      sqlLanguage: row.language ?? undefined,
      sqlArguments: argumentsOf(row.argument_list),
      sqlProcedureReturn: returnOf(row),
      atlanSchema: referTo('Schema', schemaQualifiedName),
    },
    customAttributes: {},
  };
}

/** What a function returns; undefined for a procedure, and without details. */
const returnOf = ({ returns, ...row }: ProcedureRow) =>
  returns
    ? {
        sqlReturnType: returns,
        sqlReturnCharacterMaximumLength: row.return_length ?? undefined,
        sqlReturnCharacterOctetLength: row.return_octet_length ?? undefined,
        sqlReturnNumericPrecision: row.return_precision ?? undefined,
      }
    : undefined;

/** @see EntityKind.remarksOf */
export const remarksOfRoutine = (row: ProcedureRow): RowRemark[] =>
  row.procedure_definition === null
    ? [{ what: 'hidden routine', name: `${row.procedure_schema}.${row.procedure_name}` }]
    : [];
