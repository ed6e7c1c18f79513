import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { QueryError } from '../../../errors.ts';
import { withCanaries } from '../../mysql/mysql-canaries.ts';
import { mysqlDialect } from '../../mysql/mysql-dialect.ts';
import { withSafeguards } from '../../mysql/mysql-safeguards.ts';
import { mysqlSessionSettings } from '../../mysql/mysql-transaction.ts';
import { isMariadb, mysqlTableOf } from '../../mysql/mysql-wrapper.ts';
import { saidByDriver } from '../odbc-messages.ts';
import type { OdbcProfile } from '../odbc-profile.ts';
import { assertDistinctColumns } from '../plain-query.ts';
import { describeMariadbColumns, mariadbText, planOdbcMariadbColumn } from './odbc-mariadb-types.ts';

/** A message in the form of DuckDB's own client, whose meaning Ferry knows (mysql-errors.ts). */
function asOwnClient(message: string): string {
  const said = saidByDriver(message);
  if (said === message) return message;
  const words = said.replace(/^\w{5}\(-?\d+\): /, '').replace(/^(\[[^\]]*\])+/, '');
  return `Failed to execute "": ${words}`;
}

/** MariaDB and MySQL through MariaDB's driver: the proof that what comes through ODBC is what DuckDB's own client reads. */
export const odbcMariadbProfile: OdbcProfile = {
  packages: { debian: 'odbc-mariadb', file: 'libmaodbc.so' },
  // https://mariadb.com/docs/connectors/mariadb-connector-odbc/mariadb-connector-odbc-guide
  connectionParts: ({ host, port, username, password, database }, tls, driver) => [
    ['Server', host],
    ['Port', String(port)],
    ['Database', database],
    ['UID', username],
    ['PWD', password],
    ...(tls.caFile === undefined
      ? []
      : ([
          ['SSLCA', tls.caFile],
          ['SSLVERIFY', '1'],
          ['FORCETLS', '1'],
        ] as const)),
    // Methods of signing in that the library does not have itself lie beside the driver, if it does not come from a package.
    ...(existsSync(join(dirname(driver), 'caching_sha2_password.so'))
      ? ([['PLUGIN_DIR', dirname(driver)]] as const)
      : []),
    ['CHARSET', 'utf8mb4'],
    // Rows one by one, and not all of them in memory, which drivers before 3.2 cannot do.
    ['FORWARDONLY', '1'],
    ['STREAMRS', '1'],
    ['AUTO_RECONNECT', '0'],
    ['CONN_TIMEOUT', '10'],
  ],
  firstStatements: [...mysqlSessionSettings, "SET SESSION time_zone = '+00:00'"],
  lettersProbe: {
    letters: 'ü漢🐘',
    sql: (letters) => `SELECT HEX(CONVERT('${letters}' USING utf8mb4)), '${letters}'`,
    encoding: 'utf8',
  },
  transaction: { begin: ['START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY'], end: 'ROLLBACK' },
  describeServer: mysqlDialect.describeServer,
  defaultPort: mysqlDialect.defaultPort,
  ...(mysqlDialect.probe ? { probe: mysqlDialect.probe } : {}),
  lexicalRules: mysqlDialect.lexicalRules,
  defaultSchema: mysqlDialect.defaultSchema,
  tablesNamed: mysqlDialect.tablesNamed,
  serverFacts: mysqlDialect.serverFacts,
  async cancel({ ask }, { connectionId }) {
    if (connectionId !== undefined) await ask(`KILL QUERY ${Number(connectionId)}`);
  },
  ...(mysqlDialect.proveReadOnly ? { proveReadOnly: mysqlDialect.proveReadOnly } : {}),

  async planColumns(ask, query, columns, _modeOf, server) {
    const names = columns.map(({ name }) => name);
    const { before, from } = mysqlTableOf(query, names);
    await assertDistinctColumns(columns, async (name) =>
      ask(`${before}SELECT q.${mysqlDialect.quoteName(name)} FROM ${from} AS q LIMIT 0`).then(
        () => true,
        (error: unknown) => {
          // The driver describes what it cannot prepare as something without columns.
          if (!(error instanceof QueryError) || /syntax/i.test(error.message)) throw error;
          return false;
        },
      ),
    );
    const described = await describeMariadbColumns(ask, query, columns, {
      isMariadb: isMariadb(server),
    });
    const planned = described.map((column, index) =>
      planOdbcMariadbColumn(column, mysqlDialect.reference(names, index)),
    );
    // Text travels as letters that are the same in every encoding.
    const watched = await withCanaries(ask, query, planned, server);
    const sent = watched.map((plan, index) => (plan.type === 'TIMESTAMP' ? plan : (planned[index] ?? plan)));
    return withSafeguards(ask, query, sent, {
      server,
      reference: (index) => mysqlDialect.reference(names, index),
    });
  },
  selectFrom: mysqlDialect.selectFrom,
  ...(mysqlDialect.assertWrapIsLossless ? { assertWrapIsLossless: mysqlDialect.assertWrapIsLossless } : {}),
  reference: mysqlDialect.reference,
  quoteName: mysqlDialect.quoteName,
  asText: mariadbText,
  estimateRows: mysqlDialect.estimateRows,
  findWritePrivileges: mysqlDialect.findWritePrivileges,
  describeEncryption: mysqlDialect.describeEncryption,
  ...(mysqlDialect.assertChangesNothing ? { assertChangesNothing: mysqlDialect.assertChangesNothing } : {}),
  ...(mysqlDialect.statementLimit === undefined ? {} : { statementLimit: mysqlDialect.statementLimit }),
  findSnapshotGap: mysqlDialect.findSnapshotGap,
  reduceMessage: asOwnClient,
  errorPatterns: mysqlDialect.errorPatterns,
};
