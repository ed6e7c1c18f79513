import { ExactnessError, type FerryError, QueryError } from '../../errors.ts';

/**
 * What a driver itself said in a message of DuckDB's extension, which puts the statement before it:
 * `'SQLExecute' failed, query: '…', return: -1, diagnostics: '42S02(1): [SQLite]no such table: x (1)'`.
 * Of any other message, all of it.
 */
export function saidByDriver(message: string): string {
  const mark = ", diagnostics: '";
  const at = message.lastIndexOf(mark);
  if (at < 0) return message;
  // DuckDB adds the place in its own statement.
  const said = message.slice(at + mark.length).replace(/\n\nLINE \d+: [\s\S]*$/, '');
  const end = said.lastIndexOf("'");
  return end < 0 ? said : said.slice(0, end);
}

/** The message without the secrets that a connection was tried with, wherever a driver may have put them. */
export function withoutSecrets(message: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '***'), saidByDriver(message));
}

/** The words without what the manager and the driver put before them: `HY000(1): [vendor][driver]`. */
export function plainWords(said: string): string {
  return said
    .replace(/^\w{5}\(-?\d+\): /, '')
    .replace(/^(\[[^\]]*\])+/, '')
    .trim();
}

/** What DuckDB's extension itself says of a query, before a row is read; undefined when the driver says it. */
export function explainOdbcClient(message: string): FerryError | undefined {
  const column = /Unsupported ODBC column type: .*, column name: '(.*?)'(?:\n\nLINE |$)/s.exec(message)?.[1];
  if (column !== undefined) {
    return new ExactnessError(`Column "${column}" has a type that DuckDB's ODBC client does not know.`, {
      hint: 'Convert it to text in the query.',
    });
  }
  if (!/Resulting columns from 'SQLPrepare' and 'SQLExecute' do not match/.test(message)) return undefined;
  return new QueryError('The query is not one SELECT that only reads.', {
    hint: 'Ferry does not support SHOW, EXPLAIN, INSERT … RETURNING and similar; write a SELECT.',
  });
}
