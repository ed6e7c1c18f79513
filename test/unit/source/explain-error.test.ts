import { describe, expect, it } from 'vitest';
import type { Login } from '../../../shared/source/credentials/credentials.ts';
import type { SourcePhase } from '../../../shared/source/error-patterns.ts';
import { explainSourceError } from '../../../shared/source/explain-error.ts';
import { mysqlDialect } from '../../../shared/source/mysql/mysql-dialect.ts';
import { postgresDialect } from '../../../shared/source/postgres/postgres-dialect.ts';

const login: Login = { host: 'db.example.org', port: 1, username: 'ferry', password: 'x', database: 'erp' };
const dialects = { mysql: mysqlDialect, postgres: postgresDialect };
const explain = (kind: keyof typeof dialects, phase: SourcePhase, message: string) =>
  explainSourceError(dialects[kind].errorPatterns, message, phase, login);

const ofMysql = (sql: string, said: string, does = 'execute') =>
  `IO Error: Failed to ${does} MySQL query "${sql}": ${said}`;
const ofPostgres = (sql: string, said: string) =>
  `IO Error: Failed to execute query "COPY (${sql}) TO STDOUT (FORMAT "binary")": ${said}`;

describe('an error is that of the server, whatever the words of the statement', () => {
  it.each([
    // Ferry's own question about privileges has quotes around an @, as a refused login has in any language.
    ['Lost connection to server during query', 'SourceUnavailableError', /login/],
    ['Query execution was interrupted (max_statement_time exceeded)', 'SourceUnavailableError', /time limit/],
    ['The SELECT would examine more than MAX_JOIN_SIZE rows', 'QueryError', /max_join_size/],
  ])('MySQL, while connecting: %s', (said, expected, text) => {
    const error = explain('mysql', 'connect', ofMysql(mysqlDialect.serverFacts, said));
    expect(error.class).toBe(expected);
    expect(error.message).toMatch(text);
    expect(error.message).not.toMatch(/denies|refused/);
  });

  it.each([
    [
      'mysql',
      'describe',
      ofMysql("SELECT x FROM log WHERE m = 'Lost connection'", "Unknown column 'x' in 'SELECT'", 'prepare'),
    ],
    ['mysql', 'read', ofMysql("SELECT * FROM log WHERE m = 'Lost connection'", 'Something else')],
    ['mysql', 'read', ofMysql("SELECT * FROM log WHERE m = 'Lost connection'", '\n', 'fetch result row for')],
    [
      'postgres',
      'read',
      ofPostgres("SELECT * FROM log WHERE m = 'terminating connection'", 'ERROR:  something else'),
    ],
    [
      'postgres',
      'read',
      ofPostgres(
        "SELECT * FROM log WHERE m ~ 'lock timeout|canceling statement due to lock timeout'",
        'ERROR:  other',
      ),
    ],
  ] as const)('%s, %s: %s', (kind, phase, message) => {
    expect(explain(kind, phase, message)).toMatchObject({ class: 'QueryError', retryable: false });
  });

  it.each([
    [
      'mysql',
      ofMysql('SELECT 1', 'Lost connection to server during query'),
      'SourceUnavailableError',
      /broke/,
    ],
    [
      'mysql',
      ofMysql('SELECT 1', 'Query execution was interrupted', 'store result for'),
      'QueryError',
      /cancelled/,
    ],
    [
      'postgres',
      ofPostgres('SELECT 1', 'server closed the connection unexpectedly\n\tThis probably means'),
      'SourceUnavailableError',
      /broke/,
    ],
    [
      'postgres',
      ofPostgres('SELECT 1', 'ERROR:  invalid input syntax for type integer: "{"a": 1}"'),
      'QueryError',
      /does not fit/,
    ],
    [
      'postgres',
      ofPostgres('SELECT 1', 'FEHLER:  storniere Anfrage wegen Zeitüberschreitung einer Sperre'),
      'SourceUnavailableError',
      /locked/,
    ],
  ] as const)('the words of the server count: %s, %s', (kind, message, expected, text) => {
    const error = explain(kind, 'read', message);
    expect(error.class).toBe(expected);
    expect(error.message).toMatch(text);
  });

  it.each([
    ['could not write to file "base/pgsql_tmp/x": No space left on device', 'SourceUnavailableError', /disk/],
    ['out of memory', 'SourceUnavailableError', /memory/],
    ['temporary file size exceeds temp_file_limit (1000kB)', 'QueryError', /temp_file_limit/],
    ['could not serialize access due to concurrent update', 'SourceUnavailableError', /another transaction/],
    ['invalid page in block 7 of relation base/5/16384', 'QueryError', /damaged/],
    ['missing chunk number 0 for toast value 16390 in pg_toast_16384', 'QueryError', /damaged/],
    ['could not connect to server "archive"', 'SourceUnavailableError', /foreign server/],
  ])('what ails Postgres itself is named: %s', (said, expected, text) => {
    const error = explain('postgres', 'read', ofPostgres('SELECT 1', `ERROR:  ${said}`));
    expect(error.class).toBe(expected);
    expect(error.message).toMatch(text);
    expect(error.hint).toBeDefined();
  });
});

it.each([
  ['max_queries_per_hour', 'MAX_QUERIES_PER_HOUR 0. A sync makes about 30 queries, an extraction about 170.'],
  ['max_questions', 'MAX_QUERIES_PER_HOUR 0. A sync makes about 30 queries, an extraction about 170.'],
  ['max_updates_per_hour', 'MAX_UPDATES_PER_HOUR 0.'],
  ['max_updates', 'MAX_UPDATES_PER_HOUR 0.'],
  [
    'max_connections_per_hour',
    'MAX_CONNECTIONS_PER_HOUR 0. A sync makes about five connections, an extraction about fifteen.',
  ],
  ['max_user_connections', 'MAX_USER_CONNECTIONS 2, or max_user_connections of the server.'],
])('MySQL: the limit %s of a login is named as it is set', (limit, advice) => {
  const said = `User 'ferry' has exceeded the '${limit}' resource (current value: 9)`;
  const error = explain('mysql', 'connect', `IO Error: Failed to connect to MySQL database: ${said}`);
  expect(error.hint).toMatch(/ALTER USER … WITH /);
  expect(error.hint?.split(' WITH ')[1]).toBe(advice);
});

it.each(['mysql', 'postgres'] as const)(
  '%s: a value that DuckDB cannot convert is not blamed on the source',
  (kind) => {
    const said = "Conversion Error: Could not convert string 'geheim' to INT32";
    expect(explain(kind, 'read', said)).toMatchObject({
      class: 'QueryError',
      message: 'DuckDB cannot convert a value to the type that the query needs.',
      hint: expect.stringMatching(/^TRY_CAST\(x AS type\) returns NULL/),
    });
  },
);
