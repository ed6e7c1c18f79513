import { ConfigError, QueryError } from '../../../errors.ts';
import { forgetPsqlVariables } from '../../postgres/postgres-attach.ts';
import { describePostgresColumns, postgresDialect } from '../../postgres/postgres-dialect.ts';
import { saidByDriver } from '../odbc-messages.ts';
import type { OdbcProfile } from '../odbc-profile.ts';
import { assertDistinctColumns } from '../plain-query.ts';
import { planOdbcPostgresColumn } from './odbc-postgresql-types.ts';

/** A value of libpq's own connection string: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING */
const libpqValue = (value: string) => `'${value.replaceAll(/['\\]/g, '\\$&')}'`;

/** A message in the form of DuckDB's own client, whose meaning Ferry knows (postgres-errors.ts). */
function asOwnClient(message: string): string {
  const said = saidByDriver(message);
  const answer = /^\w{5}\(-?\d+\): (?:(\w+): )?([\s\S]*)$/.exec(said);
  if (!answer || said === message) return message;
  const [, severity = 'ERROR', words = ''] = answer;
  // The driver adds its own sentences after a semicolon.
  const own = words.replace(/;?\n(No query has been executed|Error while (executing|preparing))[\s\S]*$/, '');
  if (/^connection to server|^could not (connect|translate)/.test(own)) return own;
  const prepared = /'SQL(Prepare|NumResultCols|ColAttribute)'/.test(message);
  return `${prepared ? 'Binder Error: Failed to prepare query ""' : 'Failed to execute ""'}: ${severity}:  ${own}`;
}

/** Postgres through psqlODBC: the proof that what comes through ODBC is what DuckDB's own client reads. */
export const odbcPostgresqlProfile: OdbcProfile = {
  packages: { debian: 'odbc-postgresql', file: 'psqlodbcw.so' },
  // https://odbc.postgresql.org/docs/config.html, config-opt.html
  connectionParts({ host, port, username, password, database, address }, tls, driver) {
    // By its name, because connecting with it fails earlier than the probe for letters, and with another message.
    if (/psqlodbca\.so/.test(driver))
      throw new ConfigError('The driver psqlodbca.so changes letters such as ü.', {
        hint: 'Use the one for Unicode that comes with it: psqlodbcw.so.',
      });
    forgetPsqlVariables();
    const further = {
      hostaddr: address,
      connect_timeout: '10',
      application_name: 'ferry',
      ...(tls.caFile === undefined ? {} : { sslrootcert: tls.caFile }),
    };
    return [
      ['Server', host],
      ['Port', String(port)],
      ['Database', database, 'bare'],
      ['UID', username, 'bare'],
      ['PWD', password],
      ['SSLmode', tls.mode],
      [
        'pqopt',
        Object.entries(further)
          .map(([key, value]) => `${key}=${libpqValue(value)}`)
          .join(' '),
      ],
      // Rows in portions, and not all of them in memory.
      ['UseDeclareFetch', '1'],
      ['Fetch', '10000'],
      ['UseServerSidePrepare', '1'],
      // A failed statement ends the transaction; the driver would make savepoints.
      ['Protocol', '7.4-0'],
      // A numeric without precision is text: the driver would make up one.
      ['NumericAs', '12'],
      ['BoolsAsChar', '0'],
      ['TextAsLongVarchar', '1'],
      ['UnknownsAsLongVarchar', '1'],
      ['ByteaAsLongVarBinary', '1'],
      ['MaxVarcharSize', '255'],
      ['MaxLongVarcharSize', '8190'],
      ['LFConversion', '0'],
      ['Parse', '0'],
      ['Debug', '0'],
      ['CommLog', '0'],
      ['KeepaliveTime', '30'],
    ];
  },
  firstStatements: [],
  describeServer: postgresDialect.describeServer,
  defaultPort: postgresDialect.defaultPort,
  lexicalRules: postgresDialect.lexicalRules,
  defaultSchema: postgresDialect.defaultSchema,
  tablesNamed: postgresDialect.tablesNamed,
  lettersProbe: {
    letters: 'ü',
    sql: (letters) => `SELECT encode(convert_to('${letters}', 'UTF8'), 'hex'), CAST('${letters}' AS text)`,
    encoding: 'utf8',
  },
  // The driver reads by cursors, and commits after each unless it keeps the transaction itself.
  transaction: { begin: ['SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY'] },
  serverFacts: postgresDialect.serverFacts,
  ...(postgresDialect.relative ? { relative: postgresDialect.relative } : {}),
  cancel: postgresDialect.cancel,

  async planColumns(ask, query, columns) {
    const names = columns.map(({ name }) => name);
    await assertDistinctColumns(columns, async (name) =>
      ask(`SELECT q.${postgresDialect.quoteName(name)} FROM (${query}\n) AS q LIMIT 0`).then(
        () => true,
        (error: unknown) => !(error instanceof QueryError),
      ),
    );
    const described = await describePostgresColumns(ask, query, columns);
    return described.map((column, index) =>
      planOdbcPostgresColumn(column, { index, reference: postgresDialect.reference(names, index) }),
    );
  },
  selectFrom: postgresDialect.selectFrom,
  reference: postgresDialect.reference,
  quoteName: postgresDialect.quoteName,
  asText: postgresDialect.asText,

  async estimateRows({ ask }, query) {
    const { rows } = await ask(`EXPLAIN (FORMAT JSON) ${query}`);
    const plan = JSON.parse(rows.map(([line]) => String(line)).join('\n')) as [
      { Plan?: Record<string, unknown> },
    ];
    const expected = plan[0]?.Plan?.['Plan Rows'];
    return typeof expected === 'number' ? expected : undefined;
  },
  findWritePrivileges: postgresDialect.findWritePrivileges,
  describeEncryption: async (ask) => {
    const { rows } = await ask(
      'SELECT ssl::text, version, cipher FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()',
    );
    const [isOn, version, cipher] = rows[0] ?? [];
    return String(isOn) === 'true' ? `${version}, ${cipher}` : undefined;
  },
  findSnapshotGap: postgresDialect.findSnapshotGap,
  ...(postgresDialect.printSettings === undefined ? {} : { printSettings: postgresDialect.printSettings }),
  // All values are text.
  failWhenChanged: (value, _type, settings, marker) =>
    postgresDialect.failWhenChanged?.(value, 'VARCHAR', settings, marker) ?? value,
  reduceMessage: asOwnClient,
  errorPatterns: postgresDialect.errorPatterns,
};
