import { describe, expect, it } from 'vitest';
import { mysqlErrorPatterns } from '../../../shared/source/dialects/mysql-errors.ts';
import { beginningOn, refusesToWrite } from '../../../shared/source/dialects/mysql-transaction.ts';
import { postgresErrorPatterns } from '../../../shared/source/dialects/postgres-errors.ts';
import { explainSourceError } from '../../../shared/source/explain-error.ts';

const login = { host: 'db', port: 1, username: 'reader', password: '', database: 'd' };
const postgres = (said: string) => [
  `IO Error: Failed to execute query "SELECT 1": ${said}\nserver closed the connection unexpectedly`,
  `Binder Error: Failed to prepare query "SELECT * FROM t": ERROR:  ${said}\nLINE 1: SELECT * FROM t\n                      ^`,
];
const mysql = (said: string) => [
  `IO Error: Failed to execute MySQL query "SELECT 1": ${said}\n`,
  `IO Error: Failed to prepare MySQL query "SELECT 1": ${said}\n\n\nLINE 1: DESCRIBE SELECT`,
];

describe('what ends a transaction from outside', () => {
  it.each([
    ['postgres', 'canceling statement due to lock timeout', true, /holds a lock that the query waits for/],
    ['postgres', 'deadlock detected', true, /holds a lock that the query waits for/],
    ['postgres', 'FATAL:  query_wait_timeout', true, /pooler .* had no connection/],
    ['postgres', 'canceling statement due to statement timeout', false, /statement_timeout/],
    [
      'postgres',
      'FATAL:  terminating connection due to idle-in-transaction timeout',
      false,
      /its idle_in_transaction_session_timeout passed/,
    ],
    [
      'postgres',
      'FATAL:  terminating connection due to transaction timeout',
      false,
      /its transaction_timeout/,
    ],
    [
      'postgres',
      'FATAL:  terminating connection due to idle-session timeout',
      false,
      /its idle_session_timeout/,
    ],
    ['postgres', 'FATAL:  idle transaction timeout', false, /its idle_transaction_timeout/],
    ['postgres', 'FATAL:  query timeout', false, /its query_timeout/],
    ['mysql', 'Lock wait timeout exceeded; try restarting transaction', true, /holds or changes a table/],
    ['mysql', 'Deadlock found when trying to get lock; try restarting transaction', true, /holds or changes/],
    ['mysql', 'Table definition has changed, please retry transaction', true, /holds or changes a table/],
    [
      'mysql',
      'The client was disconnected by the server because of inactivity. See wait_timeout and interactive_timeout for configuring this behavior.',
      false,
      /its wait_timeout passed/,
    ],
  ] as const)('of %s: %s', (kind, said, retryable, message) => {
    const [patterns, messages] =
      kind === 'postgres' ? [postgresErrorPatterns, postgres(said)] : [mysqlErrorPatterns, mysql(said)];
    for (const phase of ['connect', 'describe', 'read'] as const) {
      for (const raw of messages) {
        const error = explainSourceError(patterns, raw, phase, login);
        expect(error.message).toMatch(message);
        expect(error.message).not.toMatch(/broke|SELECT/);
        expect(error).toMatchObject({ retryable, hint: expect.any(String) });
      }
    }
  });

  it('is not a connection that was never made', () => {
    const raw = (said: string) =>
      `IO Error: Failed to connect to MySQL database with parameters "compression=disabled": ${said}. Attempted host: ${beginningOn('db')}`;
    const explain = (said: string, phase: 'connect' | 'read') =>
      explainSourceError(mysqlErrorPatterns, raw(said), phase, login);
    const denied = "Access denied for user 'reader'@'h' (using password: YES)";
    expect(explain(denied, 'connect')).toMatchObject({ name: 'AuthError' });
    expect(explain(denied, 'read')).toMatchObject({
      retryable: true,
      message: expect.stringMatching(/let user "reader" in, and refused a further connection/),
    });
    expect(explain('Too many connections', 'read').message).toMatch(/has no connection left/);
    expect(explain("Can't connect to server on 'db' (115)", 'connect').message).toMatch(/cannot be reached/);
    expect(explain("Unknown system variable 'lc_messages'", 'connect').message).toMatch(
      /does not begin the transaction that Ferry reads in/,
    );
  });
});

describe('what is asked of the transaction of MySQL', () => {
  const answering = (message: string) => async () => {
    throw new Error('refused', { cause: new Error(message) });
  };

  it.each([
    ['IO Error: …: Cannot execute statement in a READ ONLY transaction.', true],
    ["IO Error: …: Unknown table 'ferry.ferry_asks_whether_this_transaction_only_reads'", false],
    ['IO Error: …: Lost connection to server during query', false],
  ])('%s', async (message, only) => {
    expect(await refusesToWrite(answering(message))).toBe(only);
  });

  it('is no proof when it is not refused', async () => {
    expect(await refusesToWrite(async () => {})).toBe(false);
  });

  it('begins on a host, and on nothing that could end its braces', () => {
    expect(beginningOn('0:0:0:0:0:0:0:1')).toMatch(
      /^host=\{0:0:0:0:0:0:0:1\};connect-timeout=\{10\};init-command=/,
    );
    for (const host of ['a};plugin-dir={/tmp', 'a;b', '{a'])
      expect(() => beginningOn(host)).toThrow(/host name/);
  });
});
