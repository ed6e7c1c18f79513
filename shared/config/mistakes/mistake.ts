/** What people are known to write instead of what they mean, at a place of the file. */
export interface Mistake {
  /** The path of the field. */
  at: string[];
  message: string;
  /** The line or lines that are right; of several candidates, the first one that the file is valid with. */
  write?: string | readonly string[];
  /** Other fields whose problems follow from this one, and which the lines replace. */
  claims?: string[][];
  /** Line in the file, from 1, if it is not that of the field; and the last one, if they are several. */
  line?: number;
  lastLine?: number;
  /** Instead of `write`: what these lines of the file become, as candidates. */
  lines?: readonly (readonly string[])[];
  /** Whether problems below the field are reported too. */
  isAlone?: boolean;
}

export type Plain = Record<string, unknown>;

export const isPlain = (value: unknown): value is Plain =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** The groups of fields in a group, with their names. */
export const groupsIn = (value: unknown): [string, Plain][] =>
  isPlain(value) ? Object.entries(value).filter((entry): entry is [string, Plain] => isPlain(entry[1])) : [];

/** A text as one of YAML in quotes, whatever is in it. */
export const inQuotes = (value: unknown) => JSON.stringify(String(value));

/** A value in quotes if it needs them. */
export const asWritten = (value: string | number | boolean) =>
  typeof value === 'string' && /: |:$| #|^[\s'"{[&*!|>%@`-]|^[\d.]+$|^(true|false|null|~|)$/i.test(value)
    ? inQuotes(value)
    : String(value);
