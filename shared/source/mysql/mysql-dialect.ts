import { readFileSync } from 'node:fs';
import { mysqlLexicalRules, quoteLiteral, withoutTopModifiers } from '../../duckdb/sql-text.ts';
import { ExactnessError } from '../../errors.ts';
import { decimalOf } from '../column-plan.ts';
import type { AskSource, ClientColumn, Dialect } from '../dialect.ts';
import { engineMessage } from '../engine-message.ts';
import { withCanaries } from './mysql-canaries.ts';
import { mysqlErrorPatterns } from './mysql-errors.ts';
import { probeMysqlServer } from './mysql-probe.ts';
import { withSafeguards } from './mysql-safeguards.ts';
import {
  assertMysqlChangesNothing,
  beginningReadOnly,
  cancelMysql,
  findMysqlSnapshotGap,
  proveMysqlReadOnly,
} from './mysql-transaction.ts';
import {
  longText,
  type MysqlColumn,
  mysqlTypeName,
  planMysqlColumn,
  quoteMysqlName,
  quoteMysqlText,
} from './mysql-types.ts';
import { isMariadb, mysqlTableOf, referenceOf, selectFromMysql } from './mysql-wrapper.ts';

const privilegesSql = readFileSync(new URL('./mysql-privileges.sql', import.meta.url), 'utf8');
const superuserSql = readFileSync(new URL('./mysql-superuser.sql', import.meta.url), 'utf8').trim();

/** More digits than a DOUBLE has; only a DECIMAL is printed with all of them. */
const LONG_INTEGER = '123456789012345678';

/**
 * What the client omits when it describes a query: the character set of a text, whether a DECIMAL is unsigned, whether
 * a text is a TIME, and whether a DOUBLE is a DECIMAL. LIMIT 0 keeps it from running (a false WHERE would be evaluated
 * too late).
 */
async function describeColumns(
  ask: AskSource,
  query: string,
  columns: readonly ClientColumn[],
  mariadb: boolean,
): Promise<MysqlColumn[]> {
  const all = columns.map(({ name }) => name);
  const { before, from } = mysqlTableOf(query, all);
  const none = `(SELECT 1) AS one LEFT JOIN (SELECT * FROM ${from} AS u LIMIT 0) AS q ON true`;
  const probes = columns.map(({ type }, index) => {
    const value = referenceOf(all, index);
    return `${decimalOf(type) ? `${value} DIV 1` : `CHARSET(${value})`} AS c${index}`;
  });
  const { types, rows } = await ask(`${before}SELECT ${probes.join(', ')} FROM ${none}`);
  // A TIME counts as an integer or a DECIMAL, text as a DOUBLE; a UUID does not work in arithmetic. A column of JSON has
  // no character set of its own in MySQL, and NULL has none, unlike whatever is computed from them.
  const mayBeTime = columns.flatMap(({ type }, index) =>
    type === 'VARCHAR' && rows[0]?.[index] === 'binary' ? [index] : [],
  );
  const sums = mayBeTime.map((index) => `${referenceOf(all, index)} + 0 AS n${index}`);
  const sets = mayBeTime.map((index) => `CHARSET(IFNULL(${referenceOf(all, index)}, '')) AS s${index}`);
  const count = (of: readonly string[]) => ask(`${before}SELECT ${of.join(', ')} FROM ${none}`);
  const counted =
    sums.length === 0
      ? undefined
      : await count([...sums, ...sets]).then(undefined, async (error: unknown) => {
          // One by one, to name the column.
          for (const [position, sum] of sums.entries())
            await count([sum]).catch((refused: unknown) => {
              throw explainUncountable(all[mayBeTime[position] ?? 0] ?? '', refused);
            });
          throw error;
        });
  const times = mayBeTime.filter((_, position) => counted?.types[position] !== 'DOUBLE');
  const computedSets = new Map(
    mayBeTime.map((index, position) => [index, counted?.rows[0]?.[sums.length + position]]),
  );
  const doubles = await probeDoubles(ask, query, columns);
  return columns.map(({ name, type }, index) => {
    const described = decimalOf(type);
    const double = doubles.get(name);
    // The client counts the sign and the point as if each DECIMAL had both.
    const unsigned = types[index]?.startsWith('U') ? 1 : 0;
    const decimal = described
      ? {
          precision: described.precision + unsigned + (described.scale === 0 ? 1 : 0),
          scale: described.scale,
        }
      : double?.decimal;
    const charset = described ? 'binary' : String(computedSets.get(index) ?? rows[0]?.[index]);
    const column = {
      clientType: type,
      charset,
      isTime: times.includes(index),
      decimal,
      wideDecimal: double?.isDecimal === true && decimal === undefined,
      mayBeCutOff: mariadb && double?.isFixed === true,
    };
    return { ...column, name, sourceType: mysqlTypeName(column) };
  });
}

/** MySQL refuses to count with a vector, in words that would be taken for a fault of the query. */
function explainUncountable(name: string, error: unknown): unknown {
  if (!/Incorrect arguments to \+/.test(engineMessage(error))) return error;
  const quoted = quoteMysqlName(name);
  return new ExactnessError(`Column "${name}" (vector) cannot be read: DuckDB's client has no vectors.`, {
    cause: error,
    hint: `Write HEX(${quoted}) AS ${quoted} in a \`query\`, which is exact; VECTOR_TO_STRING() rounds to six digits.`,
  });
}

interface DoubleFacts {
  /** The client calls it DOUBLE, because it has too many digits, or only one. */
  isDecimal: boolean;
  /** For a DECIMAL with one digit, or two if it is unsigned. */
  decimal: { precision: number; scale: number } | undefined;
  /** A DOUBLE with a fixed number of decimals, as from ROUND(x, 2). */
  isFixed: boolean;
}

async function probeDoubles(
  ask: AskSource,
  query: string,
  columns: readonly ClientColumn[],
): Promise<Map<string, DoubleFacts>> {
  const all = columns.map(({ name }) => name);
  const doubles = columns.flatMap(({ name, type }, index) =>
    type === 'DOUBLE' || type === 'FLOAT' ? [{ name, value: referenceOf(all, index) }] : [],
  );
  if (doubles.length === 0) return new Map();
  const { before, from } = mysqlTableOf(query, all);
  const values = doubles.map(({ value }, index) => `${value} AS c${index}`);
  // A row with the query's types that does not come from the query.
  const printed = await ask(
    `${before}SELECT ${doubles.map((_, index) => `CAST(w.c${index} AS CHAR) AS c${index}`).join(', ')} FROM (
       SELECT * FROM (SELECT ${values.join(', ')} FROM ${from} AS q LIMIT 0) AS v
       UNION ALL SELECT ${doubles.map(() => LONG_INTEGER).join(', ')}) AS w`,
  );
  // With six more digits, the client can describe a column of a single digit.
  const widened = await ask(
    `${before}SELECT ${doubles.map(({ value }, index) => `${value} * 1000000 AS c${index}`).join(', ')}
       FROM (SELECT * FROM ${from} AS u LIMIT 0) AS q`,
  );
  return new Map(
    doubles.map(({ name }, index) => {
      const text = String(printed.rows[0]?.[index]);
      const isDecimal = text.startsWith(LONG_INTEGER);
      const wider = decimalOf(widened.types[index] ?? '');
      // The factor has seven digits; the client counts a point that numbers without decimals do not have.
      const precision = wider && wider.precision - 7 + (wider.scale === 0 ? 1 : 0);
      const decimal =
        isDecimal && wider ? { precision: Math.max(1, precision ?? 1), scale: wider.scale } : undefined;
      return [name, { isDecimal, decimal, isFixed: !isDecimal && !/e/i.test(text) }];
    }),
  );
}

/**
 * Hosts that the client treats unlike others: `localhost` is the machine's own socket to it, whatever the port, and
 * with neither does it compare the certificate's name. It knows them by their letters; spelled otherwise they are hosts
 * like any other.
 */
const spellings = new Map([
  ['localhost', 'LOCALHOST'],
  ['::1', '0:0:0:0:0:0:0:1'],
]);

export const mysqlDialect: Dialect = {
  describeServer: ({ version }) =>
    /mariadb/i.test(version) ? `MariaDB ${version.replace(/-MariaDB.*/i, '')}` : `MySQL ${version}`,
  extension: 'mysql_scanner',
  relation: (sql, { database, mark }) =>
    `mysql_query(${quoteLiteral(database)}, ${quoteLiteral(`/* ${mark} */ ${sql}`)})`,
  // Read at once, so that DuckDB asks on the connection that it keeps for its transaction.
  answer: (sql, { database }) =>
    `mysql_query(${quoteLiteral(database)}, ${quoteLiteral(sql)}, stream_results => false)`,
  statementsApart: true,
  packFlags: (flags) => flags.map((flag, bit) => `((${flag}) << ${bit})`).join(' | '),
  defaultPort: 3306,
  probe: (socket, login, mode) => probeMysqlServer(socket, login, mode !== 'disable'),
  lexicalRules: ({ sqlMode }) => mysqlLexicalRules(sqlMode),
  defaultSchema: ({ database }) => database,
  // Converted, because MySQL returns its own names as bytes.
  tablesNamed: (schema, table) => {
    const isNamed = (column: string, name: string) =>
      `LOWER(CONVERT(${column} USING utf8mb4)) COLLATE utf8mb4_bin = LOWER(${quoteMysqlText(name)})`;
    return `SELECT CONVERT(table_schema USING utf8mb4) AS \`schema\`, CONVERT(table_name USING utf8mb4) AS name
      FROM information_schema.tables WHERE ${isNamed('table_schema', schema)} AND ${isNamed('table_name', table)}`;
  },

  settings: (mode) => [
    // No connection is used twice: a pool resets it, which ends the transaction that it began with
    // (mysql-transaction.ts).
    'SET GLOBAL mysql_pool_size=0',
    'SET GLOBAL mysql_enable_transactions=false',
    // Without these, a query ends after five minutes, and its result is first copied into a temporary table of the
    // server.
    'SET GLOBAL mysql_query_timeout_enabled=false',
    'SET GLOBAL mysql_sql_buffer_result=false',
    // The client sends a backslash in a filter unchanged, and the server reads it as an escape: '\\'' OR 1=1 -- '
    // leaves its quotes.
    'SET GLOBAL mysql_experimental_filter_pushdown=false',
    // There, the source's collations would decide which texts are equal and which comes first, and some statements of
    // the client fail, such as one sorted by an aggregate on MariaDB.
    'SET GLOBAL mysql_aggregate_pushdown_enabled=false',
    'SET GLOBAL mysql_order_pushdown_enabled=false',
    ...(mode === 'exact'
      ? [
          'SET GLOBAL mysql_tinyint1_as_boolean=false',
          // A second column distinguishes it from a real NULL (mysql-types.ts).
          'SET GLOBAL mysql_incomplete_dates_as_nulls=true',
          // A TIMESTAMP is converted to the session's zone, in which one hour in autumn occurs twice.
          "SET GLOBAL mysql_session_time_zone='+00:00'",
        ]
      : []),
  ],

  async attach(connection, login, tls, { name, readOnly, limitLocks }) {
    const secret = `ferry_${name}`;
    // Login methods beyond the client's own are loaded as native code, from a folder relative to the working directory
    // unless this variable names one. Nobody can put a file there; a person who has such methods names their folder.
    process.env.MARIADB_PLUGIN_DIR ??= '/nonexistent';
    const verified = tls.caFile === undefined ? '' : ', SSL_CA $7';
    await connection.run(
      `CREATE TEMPORARY SECRET ${secret} (TYPE mysql, HOST $1, PORT $2, USER $3, PASSWORD $4, DATABASE $5,
         SSL_MODE $6${verified})`,
      [
        beginningReadOnly(spellings.get(login.host) ?? login.host, limitLocks === 'catalog'),
        String(login.port),
        login.username,
        login.password,
        login.database,
        // Every mode between these two either falls back to plain text or trusts anybody (docs/architecture.md,
        // "Connecting").
        tls.caFile === undefined ? 'disabled' : 'verify_identity',
        ...(tls.caFile === undefined ? [] : [tls.caFile]),
      ],
    );
    try {
      // Compression costs four times the time on a fast link.
      await connection.run(
        `ATTACH 'compression=disabled' AS ${name} (TYPE mysql, SECRET ${secret}${readOnly ? ', READ_ONLY' : ''})`,
      );
    } finally {
      await connection.run(`DROP SECRET ${secret}`);
    }
  },

  // Rarely needed, and not worth the time at each start: it is also a separate file in the bundle
  // (build-lambda-code.ts).
  askRefusal: async (...asked) => (await import('./mysql-refusal.ts')).askMysqlRefusal(...asked),

  serverFacts: `SELECT CONCAT(CONNECTION_ID()) AS id, VERSION() AS version, @@sql_mode AS mode, NULL AS read_only, (${superuserSql}) AS superuser`,
  cancel: cancelMysql,
  proveReadOnly: proveMysqlReadOnly,

  async planColumns(ask, query, columns, modeOf, server) {
    const inner = withoutTopModifiers(query, mysqlLexicalRules(server.sqlMode), isMariadb(server));
    const described = await describeColumns(ask, inner, columns, isMariadb(server));
    const names = columns.map(({ name }) => name);
    const planned = described.map((column, index) =>
      planMysqlColumn(column, { mode: modeOf(column.name), index, reference: referenceOf(names, index) }),
    );
    const safe = { server, reference: (index: number) => referenceOf(names, index) };
    return withCanaries(ask, query, await withSafeguards(ask, query, planned, safe), server);
  },

  selectFrom: selectFromMysql,

  async assertWrapIsLossless(ask, wrapped, columns) {
    const risky = columns.find(({ mayBeCutOff }) => mayBeCutOff);
    if (!risky) return;
    const plan = await ask(`EXPLAIN ${wrapped}`).catch((error: unknown) => {
      // Error 1345: a login that may read a view, but not see its SQL, is not told how the server does that.
      if (/EXPLAIN\/SHOW can not be issued/.test(engineMessage(error))) return undefined;
      throw error;
    });
    // When it is merged into the wrapper, the query's rows are stored nowhere, and nothing is truncated.
    const table = plan?.names.indexOf('table') ?? -1;
    if (plan?.rows.every((row) => !/^<derived/.test(String(row[table])))) return;
    throw new ExactnessError(
      `Column "${risky.name}" (${risky.sourceType}) is computed with a fixed number of decimals, which MariaDB may truncate in this query.`,
      {
        hint: `Write (…) + 0e0 AS ${quoteMysqlName(risky.name)} in the query, which keeps as many decimals as needed, or CAST(… AS DECIMAL(38,10)).`,
      },
    );
  },
  reference: referenceOf,
  quoteName: quoteMysqlName,
  asText(value, type, name) {
    if (type === 'VARCHAR' || type === 'BLOB') return longText(value, name);
    // The server prints a FLOAT with six digits, and a BIT as its byte.
    if (type === 'FLOAT') return `CAST(CAST(${value} AS DOUBLE) AS CHAR)`;
    return `CAST(${value}${type === 'BOOLEAN' ? ' + 0' : ''} AS CHAR)`;
  },

  async estimateRows({ ask }, query) {
    // By default MySQL 9 answers with a tree. MariaDB, which has no other form, ignores this comment.
    const { names, rows } = await ask(`EXPLAIN /*!80000 FORMAT=TRADITIONAL */ ${query}`);
    // One row for each table of the plan: nested loops multiply the rows, filters reduce them.
    const [at, filtered] = [names.indexOf('rows'), names.indexOf('filtered')];
    const outer = rows.filter((row) => Number(row[names.indexOf('id')] ?? 1) === 1);
    if (at < 0 || outer.length === 0) return undefined;
    const estimate = outer.reduce((product, row) => {
      const share = filtered < 0 || row[filtered] === null ? 1 : Number(row[filtered]) / 100;
      return product * Number(row[at] ?? 1) * share;
    }, 1);
    return Number.isFinite(estimate) ? Math.round(estimate) : undefined;
  },

  async findWritePrivileges(ask) {
    const { rows } = await ask(privilegesSql);
    const scopes = Map.groupBy(rows, (row) => String(row[1]));
    return [...scopes].map(
      ([scope, group]) => `has ${group.map(([privilege]) => privilege).join(', ')} on ${scope}`,
    );
  },

  async describeEncryption(ask) {
    const { rows } = await ask("SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_version', 'Ssl_cipher')");
    const status = new Map(rows.map(([name, value]) => [String(name).toLowerCase(), String(value)]));
    const cipher = status.get('ssl_cipher');
    return cipher ? `${status.get('ssl_version')}, ${cipher}` : undefined;
  },

  assertChangesNothing: assertMysqlChangesNothing,
  starNeedsAllColumns: true,
  // It writes a backslash before both, which is not an escape between backticks.
  isMisreadInScan: (name) => /[\\`]/.test(name),
  // MariaDB has it in seconds, MySQL in milliseconds.
  statementLimit: 'SELECT /*M!100101 @@max_statement_time */ /*!50708 @@max_execution_time */ AS most',
  findSnapshotGap: findMysqlSnapshotGap,

  errorPatterns: mysqlErrorPatterns,
};
