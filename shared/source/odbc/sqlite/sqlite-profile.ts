import { ConfigError, QueryError } from '../../../errors.ts';
import type { AskSource, ClientColumn } from '../../dialect.ts';
import { engineMessage } from '../../engine-message.ts';
import type { OdbcProfile } from '../odbc-profile.ts';
import { bytesAsLetters } from '../statement-letters.ts';
import { sqliteErrorPatterns } from './sqlite-errors.ts';
import { assertHarmlessFunctions } from './sqlite-functions.ts';
import { sqliteLexicalRules, withoutComments } from './sqlite-lexical.ts';
import { assertPrintsReals } from './sqlite-reals.ts';
import { mayHoldReals, planSqliteColumn, planSqliteText, quoteSqliteName } from './sqlite-types.ts';

/** In bytes: how long a name of a database may be for the driver. */
const LONGEST_NAME = 511;

/**
 * A path as SQLite reads it in a URI (https://www.sqlite.org/uri.html): in ASCII letters, which arrive whatever the
 * driver is, or, if that is too long for the driver, in its own bytes.
 *
 * @throws ConfigError
 */
export function sqliteUriOf(path: string): string {
  const inAscii = `file:${path.split('/').map(encodeURIComponent).join('/')}?mode=ro`;
  if (inAscii.length <= LONGEST_NAME) return inAscii;
  const inBytes = bytesAsLetters(`file:${path.replaceAll(/[%?#;{}]/g, encodeURIComponent)}?mode=ro`);
  if (inBytes.length <= LONGEST_NAME) return inBytes;
  throw new ConfigError("The path of the file is too long for SQLite's ODBC driver.", {
    hint: 'Name the file by a link with a shorter path: ln -s',
  });
}

/** By position: a query may have columns that no name tells apart. */
const reference = (_columns: readonly string[], index: number) => `q.c${index}`;

/** A temporary view, which is in memory and ends with the transaction. */
const VIEW = 'ferry_described';

/**
 * The names and declared types of a query's columns, without running it. The driver would guess types from declared
 * ones, and knows some that DuckDB's extension refuses.
 */
async function describe(ask: AskSource, written: string): Promise<ClientColumn[]> {
  const query = withoutComments(written);
  // The driver takes one statement where it is a SELECT, and any number where it is not.
  await ask(`SELECT 1 AS one FROM (${query}\n) LIMIT 0`);
  await ask(`CREATE TEMP VIEW ${VIEW} AS ${query}`);
  const { rows } = await ask(`SELECT name, type FROM pragma_table_xinfo('${VIEW}') ORDER BY cid`);
  await ask(`DROP VIEW temp.${VIEW}`);
  const columns = rows.map(([name, type]) => ({ name: String(name), type: String(type ?? '') }));
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  // It renames the second of two: `id:1`.
  const twin = columns.find(
    ({ name }) => /:\d+$/.test(name) && names.has(name.replace(/:\d+$/, '').toLowerCase()),
  );
  if (twin === undefined) return columns;
  throw new QueryError(`The query returns two columns named "${twin.name.replace(/:\d+$/, '')}".`, {
    hint: 'Rename one of them: … AS other_name. Names that differ only in case count as equal.',
  });
}

/** The first with functions that tell what is harmless (pragma_function_list, trusted_schema). */
const MINIMUM = [3, 31];

function assertVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > (MINIMUM[0] ?? 0) || (major === MINIMUM[0] && minor >= (MINIMUM[1] ?? 0))) return;
  throw new ConfigError(`The driver brings SQLite ${version}, which is too old.`, {
    hint: `Use one with SQLite ${MINIMUM.join('.')} or later.`,
  });
}

async function assertUtf8(ask: AskSource): Promise<void> {
  const { rows } = await ask('SELECT encoding FROM pragma_encoding');
  if (rows[0]?.[0] === 'UTF-8') return;
  throw new ConfigError('The database stores its text in UTF-16, which Ferry does not read.', {
    hint: 'Make a copy in UTF-8: sqlite3 new.sqlite "PRAGMA encoding=\'UTF-8\'", then .dump the old one into it.',
  });
}

/** Any file of SQLite's, read by itself inside its ODBC driver. */
export const sqliteProfile: OdbcProfile = {
  packages: { debian: 'libsqliteodbc', file: 'libsqlite3odbc.so' },
  connectionParts: ({ database }) => [
    // Nothing in it needs braces, which the driver takes for a part of the value.
    ['Database', sqliteUriOf(database), 'bare'],
    // Rows one by one, and not all of them in memory.
    ['StepAPI', '1'],
    ['NoCreat', '1'],
    ['NoTXN', '0'],
    ['ShortNames', '1'],
    ['LongNames', '0'],
    ['NoWCHAR', '0'],
    ['JDConv', '0'],
    ['BigInt', '0'],
    ['FKSupport', '0'],
    ['Timeout', '10000'],
  ],
  firstStatements: [
    // Views of the file cannot call what is not SQLite's own.
    'PRAGMA trusted_schema=OFF',
    // It opens whatever file there is, and reads it only now.
    'SELECT count(*) AS n FROM sqlite_master',
  ],
  describeServer: ({ version }) => `SQLite ${version}`,
  defaultPort: 0,
  lexicalRules: () => sqliteLexicalRules,
  defaultSchema: () => 'main',
  tablesNamed: () => {
    throw new Error('A duckdbQuery cannot read SQLite.');
  },
  lettersProbe: {
    letters: 'ü漢🐘',
    sql: (letters) => `SELECT hex('${letters}'), '${letters}'`,
    encoding: 'utf8',
  },
  transaction: { begin: ['BEGIN'], end: 'ROLLBACK' },
  serverFacts:
    "SELECT '0' AS id, sqlite_version() AS version, '' AS mode, NULL AS read_only, NULL AS superuser",
  // Nobody else has the connection, and DuckDB notices an interrupt between its rows.
  cancel: async () => {},

  async proveReadOnly({ ask }) {
    const refusal: unknown = await ask('CREATE TABLE main.ferry_is_this_read_only (a)').then(
      () => undefined,
      (error: unknown) => error,
    );
    return /readonly database/.test(engineMessage(refusal));
  },

  describe,

  async planColumns(ask, _query, columns) {
    const real = columns.find(({ type }) => mayHoldReals(type));
    if (real) await assertPrintsReals(ask, real.name);
    const names = columns.map(({ name }) => name);
    return columns.map(({ name, type }, index) =>
      planSqliteColumn({ name, declared: type }, reference(names, index)),
    );
  },

  selectFrom(query, expressions, columns) {
    const list = expressions.map(({ sql, alias }) => `${sql} AS ${alias}`).join(', ');
    const names = columns.map((_, index) => `c${index}`).join(', ');
    // With a LIMIT on both, SQLite does not merge them (https://www.sqlite.org/optoverview.html#flattening), and computes
    // a column once: random() would be another number wherever an expression names it.
    const once = `SELECT * FROM (${withoutComments(query)}\n) LIMIT -1 OFFSET 0`;
    return `SELECT ${list} FROM (WITH ferry_query (${names}) AS (${once}) SELECT * FROM ferry_query LIMIT -1 OFFSET 0) AS q`;
  },
  reference,
  quoteName: quoteSqliteName,
  asText: (value, _type, name) => planSqliteText(name, value),

  async assertChangesNothing(ask, query, _tables, { version }) {
    assertVersion(version);
    await assertUtf8(ask);
    if (query === undefined) return;
    await assertHarmlessFunctions(ask, query);
  },

  estimateRows: async () => undefined,
  // It is opened to be read only.
  findWritePrivileges: async () => [],
  describeEncryption: async () => undefined,
  findSnapshotGap: async () => undefined,
  errorPatterns: sqliteErrorPatterns,
};
