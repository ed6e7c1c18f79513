import { type EntityContext, referTo, schemaAttributes } from '../context.ts';
import type { ProcedureEntity } from '../entity-schemas.ts';
import type { RawProcedure } from '../raw-rows.ts';
import { argumentsOf } from '../signature.ts';

/** The columns that {@link buildProcedure} reads. */
export const procedureColumns = [
  'procedure_catalog',
  'procedure_schema',
  'procedure_name',
  'source_owner',
  'procedure_definition',
  'argument_types',
  'is_overloaded',
] as const satisfies (keyof RawProcedure)[];

/** Those that it reads with details. */
export const procedureDetails = [
  'language',
  'argument_list',
  'return_type',
] as const satisfies (keyof RawProcedure)[];

/** A routine of any kind: functions are Procedures too, as in the original. */
export function buildProcedure(
  row: Pick<RawProcedure, (typeof procedureColumns)[number]> &
    Partial<Pick<RawProcedure, (typeof procedureDetails)[number]>>,
  { names, common }: EntityContext,
): ProcedureEntity {
  const schemaQualifiedName = names.schema(row.procedure_schema);
  return {
    typeName: 'Procedure',
    status: 'ACTIVE',
    attributes: {
      name: row.procedure_name,
      qualifiedName: names.procedure(
        row.procedure_schema,
        row.procedure_name,
        row.is_overloaded ? row.argument_types : undefined,
      ),
      ...common,
      ...schemaAttributes(names, row.procedure_catalog, row.procedure_schema),
      definition: row.procedure_definition ?? undefined,
      subType: '-1',
      sourceCreatedBy: row.source_owner,
      sqlLanguage: row.language ?? undefined,
      sqlArguments: argumentsOf(row.argument_list),
      sqlProcedureReturn: row.return_type == null ? undefined : { sqlReturnType: row.return_type },
      atlanSchema: referTo('Schema', schemaQualifiedName),
    },
    customAttributes: {},
  };
}
