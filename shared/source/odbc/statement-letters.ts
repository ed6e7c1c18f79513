import { ConfigError } from '../../errors.ts';

/** SQL of a product that tells what arrived of some letters. */
export interface LettersProbe {
  /** Those that every database of the product can hold: `ü漢🐘`, of two, three and four bytes in UTF-8, if it can. */
  letters: string;
  /**
   * One row of two columns: the bytes of a text as the source has them, in hexadecimal digits, and the text itself.
   *
   * @param letters without quotes
   */
  sql: (letters: string) => string;
  /** How the source keeps the text. */
  encoding: 'utf8' | 'utf16le';
}

/**
 * How a statement is given to a driver so that it arrives as it was written. DuckDB's extension gives statements to the
 * driver manager in UTF-16. For drivers without functions for that (`SQLPrepareW`), it converts them: to ISO 8859-1,
 * which has `ü`, but as another byte than SQLite expects, or to UTF-8, once another driver has set the locale of the
 * process, as psqlODBC does. As soon as one letter cannot be converted (`🐘`, as its halves), it takes the low byte of
 * every letter instead.
 */
export interface StatementForm {
  write: (sql: string) => string;
  /** What the driver says of a statement, as it meant it. */
  read: (message: string) => string;
}

/** Each byte of UTF-8 as the letter of ISO 8859-1 with its number, which the driver manager makes that byte again. */
export const bytesAsLetters = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

/** What bytes said that arrived as letters; the message itself if it is none. */
function lettersOfBytes(message: string): string {
  const bytes = Buffer.from(message, 'latin1');
  const text = bytes.toString('utf8');
  return bytes.toString('latin1') === message && Buffer.from(text, 'utf8').equals(bytes) ? text : message;
}

const hasLetters = /[^\t-~]/;
/** Cannot be converted. */
const NOT_CONVERTED = '🐘';

const asItIs: StatementForm = { write: (sql) => sql, read: (message) => message };
const asBytes: StatementForm = { write: bytesAsLetters, read: lettersOfBytes };
const asBytesUnconverted: StatementForm = {
  write: (sql) => (hasLetters.test(sql) ? `${bytesAsLetters(sql)} /*${NOT_CONVERTED}*/` : sql),
  read: lettersOfBytes,
};

/**
 * Finds out how statements must be written for a driver, by letters that go to the source and come back.
 *
 * @param ask runs a statement on the connection, as it is; the first row
 * @throws ConfigError for a driver that changes letters either way
 */
export async function findStatementForm(
  { letters, sql, encoding }: LettersProbe,
  ask: (sql: string) => Promise<readonly unknown[] | undefined>,
): Promise<StatementForm> {
  const stored = Buffer.from(letters, encoding).toString('hex');
  let answers = 0;
  for (const form of [asItIs, asBytes, asBytesUnconverted]) {
    // A refusal is no answer: the database may be one that cannot hold the letters (Postgres in KOI8R).
    const row = await ask(form.write(sql(letters))).catch(() => undefined);
    if (row === undefined) continue;
    answers += 1;
    const [bytes, text] = row;
    if (String(bytes).toLowerCase() === stored && text === letters) return form;
  }
  if (answers === 0) return asItIs;
  throw new ConfigError('The ODBC driver changes letters such as ü on their way.', {
    hint: 'Use the driver for Unicode that docs/sources.md names for the product.',
  });
}
