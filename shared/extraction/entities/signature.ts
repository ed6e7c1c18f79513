import * as z from 'zod';

/** Name and type of each argument, in their order; null for one without a name. */
const argumentList = z.array(z.tuple([z.string().nullable(), z.string()]));

/** The arguments of a routine. @param list of its raw row, as JSON; null or undefined where they are not known */
export function argumentsOf(list: string | null | undefined) {
  if (list == null) return undefined;
  return argumentList.parse(JSON.parse(list)).map(([name, type]) => ({
    sqlArgumentName: name ?? undefined,
    sqlArgumentType: type,
  }));
}

/** The schemas of what they become. */
export const sqlArguments = z.array(
  z.strictObject({ sqlArgumentName: z.string().optional(), sqlArgumentType: z.string() }),
);
export const sqlProcedureReturn = z.strictObject({
  sqlReturnType: z.string(),
  sqlReturnCharacterMaximumLength: z.int().optional(),
  sqlReturnCharacterOctetLength: z.int().optional(),
  sqlReturnNumericPrecision: z.int().optional(),
});
