import { AtlanError } from './answers.ts';

const TRUE = ['true', 'True', '1', 'yes', 'on', 't', 'y'] as const;
const FALSE = ['false', 'False', '0', 'no', 'off', 'f', 'n'] as const;

/** What a flag may say, in capitals too, as pydantic reads it in Atlan's app. */
export const FLAGS = [...TRUE, ...FALSE] as const;

/**
 * Reads a flag of a query.
 *
 * @param text undefined: false
 * @throws AtlanError (422) that names the flag
 */
export function readFlag(name: string, text: string | undefined): boolean {
  const is = (values: readonly string[]) => text !== undefined && values.includes(text.toLowerCase());
  if (text === undefined || is(FALSE)) return false;
  if (is(TRUE)) return true;
  const field = { loc: ['query', name], msg: 'expected true or false', type: 'bool_parsing' };
  throw new AtlanError(422, `${name}: expected true or false`, { fields: [field] });
}
