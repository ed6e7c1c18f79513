import { ConfigError } from '../../errors.ts';

/** A key and a value of a connection string; `bare` for one whose braces the driver would take for a part of it. */
export type ConnectionPart = readonly [key: string, value: string, form?: 'bare'];

/** Nothing in it is special in a connection string. */
const PLAIN = /^[\w./:?&%~+=-]+$/;

/**
 * A connection string for ODBC. A value with anything special in it is in braces, in which only a closing one is
 * special, and doubled. Others are not, as SQLite's driver takes braces for a part of the value.
 * https://learn.microsoft.com/sql/odbc/reference/syntax/sqldriverconnect-function#connection-strings
 *
 * @throws Error for a value that no connection string can carry; it does not repeat the value
 */
export function connectionString(parts: readonly ConnectionPart[]): string {
  return parts.map(([key, value, form]) => `${key}=${quoteValue(key, value, form)}`).join(';');
}

/**
 * The parts, with options in the place of those that have the same name: of two with one name, most drivers take the
 * first.
 */
export function withOptions(
  parts: readonly ConnectionPart[],
  options: Readonly<Record<string, string | number | boolean>>,
): ConnectionPart[] {
  const set = new Set(Object.keys(options).map((key) => key.toLowerCase()));
  return [
    ...parts.filter(([key]) => !set.has(key.toLowerCase())),
    ...Object.entries(options).map(([key, value]) => [key, String(value)] as const),
  ];
}

function quoteValue(key: string, value: string, form: ConnectionPart[2]): string {
  if (value.includes('\0')) throw new Error(`${key} contains a zero byte, which ends a connection string.`);
  if (form === 'bare') {
    if (!/^\s|[;{}]|\s$/.test(value)) return value;
    throw new ConfigError(`${key} of this source contains a character that its driver cannot be told.`, {
      hint: 'It may have no ; { or }, and no blank at its ends.',
    });
  }
  return PLAIN.test(value) ? value : `{${value.replaceAll('}', '}}')}}`;
}
