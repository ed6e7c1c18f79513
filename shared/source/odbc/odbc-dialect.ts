import type { OdbcConfig } from '../../config/schema/ferry-config.ts';
import { quoteIdentifier, quoteLiteral } from '../../duckdb/sql-text.ts';
import type { Dialect } from '../dialect.ts';
import { asciiPath } from './ascii-path.ts';
import { connectionString, withOptions } from './connection-string.ts';
import { findDriver, loadDriver, unknownDriver } from './find-driver.ts';
import { explainOdbcClient, saidByDriver, withoutSecrets } from './odbc-messages.ts';
import { profileOf } from './odbc-products.ts';
import { assertPlainQuery } from './plain-query.ts';
import { findStatementForm, type StatementForm } from './statement-letters.ts';

/** DuckDB SQL for the handle of the connection, which a variable of the session holds. */
const handle = (database: string) => `getvariable(${quoteLiteral(database)})`;

const relationOf = (sql: string, database: string) => `odbc_query(${handle(database)}, ${quoteLiteral(sql)})`;

/**
 * The dialect of a product behind an ODBC driver. DuckDB attaches no database for it: a connection is a number, and a
 * statement in the product's own SQL the only thing that it takes.
 */
export function odbcDialect(config: OdbcConfig): Dialect {
  const { packages, connectionParts, firstStatements, transaction, lettersProbe, ...profile } = profileOf(
    config.product,
  );
  // Each connection's own: it may depend on what other drivers have done to the process before it was opened.
  const forms = new Map<string, StatementForm>();
  let lastForm: StatementForm | undefined;
  const relation = (sql: string, database: string) =>
    relationOf(forms.get(database)?.write(sql) ?? sql, database);
  const reduceMessage = profile.reduceMessage ?? saidByDriver;
  return {
    ...profile,
    extension: 'odbc_scanner',
    relation: (sql, { database }) => relation(sql, database),
    execute: (sql, database) => `SELECT * FROM ${relation(sql, database)}`,
    settings: () => [],
    loadClient(folders) {
      const driver = findDriver(config, folders, packages);
      // The extension needs the driver manager when it is loaded itself.
      loadDriver(driver, folders);
      return driver;
    },
    async attach(connection, login, tls, { name, folders }) {
      const driver = asciiPath(findDriver(config, folders, packages));
      const parts = [
        ['Driver', driver] as const,
        ...withOptions(connectionParts(login, tls, driver), config.options ?? {}),
      ];
      const text = connectionString(parts);
      try {
        await connection.run(`SET VARIABLE ${quoteIdentifier(name)} = odbc_connect($1)`, [text]);
        for (const sql of firstStatements) await connection.run(`SELECT * FROM ${relation(sql, name)}`);
      } catch (error) {
        // The engine's message has the connection string in it, with the password taken out by a pattern.
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(withoutSecrets(message, [text, login.password]));
      }
      lastForm = await findStatementForm(lettersProbe, async (sql) => {
        const reader = await connection.runAndReadAll(`SELECT * FROM ${relationOf(sql, name)}`);
        return reader.getRows()[0];
      });
      forms.set(name, lastForm);
    },
    begin: (name) => [
      // Between transactions, the driver has begun one with the first statement.
      ...(transaction.end === undefined
        ? [`SELECT odbc_begin_transaction(${handle(name)})`, `SELECT odbc_rollback(${handle(name)})`]
        : []),
      ...transaction.begin.map((sql) => `SELECT * FROM ${relation(sql, name)}`),
    ],
    end: (name) =>
      transaction.end === undefined
        ? `SELECT odbc_rollback(${handle(name)})`
        : `SELECT * FROM ${relation(transaction.end, name)}`,
    detach: (name) => `SELECT odbc_close(${handle(name)})`,
    async assertChangesNothing(ask, query, tables, server) {
      if (query !== undefined) assertPlainQuery(query, profile.lexicalRules(server));
      await profile.assertChangesNothing?.(ask, query, tables, server);
    },
    errorPatterns: {
      ...profile.errorPatterns,
      connect: [unknownDriver(packages), ...profile.errorPatterns.connect],
      explainDescribe: (message, phase) =>
        explainOdbcClient(message) ?? profile.errorPatterns.explainDescribe(message, phase),
    },
    reduceMessage: (message) => reduceMessage(lastForm?.read(message) ?? message),
    askRefusal: async () => undefined,
  };
}
