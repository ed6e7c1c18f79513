import { ConfigError, ExactnessError, QueryError, SourceUnavailableError } from '../../../errors.ts';
import type { ErrorPatterns } from '../../error-patterns.ts';
import { plainWords } from '../odbc-messages.ts';

// Result codes, which the driver adds to the words in brackets: https://www.sqlite.org/rescode.html

const readErrors: ErrorPatterns['read'] = [
  {
    pattern: /database (table )?is locked|\((5|6|261|517)\)$/,
    make: () =>
      new SourceUnavailableError('Another program is writing to the database, and did not finish in time.', {
        hint: 'Raise odbc: { options: { Timeout: … } } (milliseconds), or choose another time. With journal_mode=WAL, writers and Ferry do not wait for each other.',
      }),
  },
  {
    pattern: /malformed|not a database|\((11|26)\)$/,
    make: () =>
      new QueryError('The file is damaged, or no SQLite database.', {
        hint: 'Run PRAGMA integrity_check on it.',
      }),
  },
  {
    pattern: /unable to open database file|disk I\/O error|\((10|14)\)$/,
    make: () => new SourceUnavailableError('The file of the database can no longer be read.'),
  },
  {
    pattern: /readonly database/,
    make: () =>
      new QueryError('The query tries to write; Ferry only reads.', {
        hint: 'Write a SELECT that changes nothing.',
      }),
  },
  {
    pattern: /Failure in decode|Could not convert string/i,
    make: () => new ExactnessError('A value of the query does not fit the type of its column.'),
  },
];

/** What SQLite says about a query's words and names; it has read nothing yet. */
const harmlessAnswers =
  /^(no such (table|column|function|view|collation sequence|module|index)|ambiguous column name|near "|incomplete input|unrecognized token|syntax error|wrong number of arguments|misuse of (aggregate|window)|SELECTs to the left and right|sub-select returns|row value misused|parameters are not allowed|circular reference|a (JOIN|GROUP BY|NATURAL)|unknown or unsupported join|cannot join|\d+(st|nd|rd|th) (ORDER|GROUP) BY term|too many|unsafe use of|HAVING clause|ORDER BY|LIMIT clause|table .* has \d+ values|expected \d+ columns)/i;

function explainDescribeError(message: string): QueryError {
  const said = plainWords(message).replace(/ \(\d+\)$/, '');
  if (/only one SQL statement allowed/.test(said)) {
    return new QueryError('The query is more than one statement.', { hint: 'Write one SELECT.' });
  }
  if (!harmlessAnswers.test(said)) {
    const known = readErrors.find(({ pattern }) => pattern.test(message));
    const unknown = () =>
      new QueryError('The source refused the query.', {
        hint: 'Ferry sends one SELECT (or WITH … SELECT, VALUES). Run it with the sqlite3 command to see more.',
      });
    return (known?.make as (() => QueryError) | undefined)?.() ?? unknown();
  }
  const words = said
    // The names of Ferry's own view, in which a query is described.
    .replace(/\bmain\.|\btemp\.ferry_\w+/g, '');
  return new QueryError(`The source refused the query: ${words}.`, {
    hint: 'Run it with the sqlite3 command to see more. Ferry supports one SELECT.',
  });
}

/** The meaning of messages from SQLite and its ODBC driver. */
export const sqliteErrorPatterns: ErrorPatterns = {
  connect: [
    {
      // A journal that a reader would have to play back first: https://www.sqlite.org/lockingv3.html#hot_journals
      pattern: /readonly database/,
      make: (_at, _user, database) =>
        new ConfigError(`The file ${database} has to be recovered: a program that wrote to it was killed.`, {
          hint: 'Ferry only reads. Open it once with a program that may write, such as sqlite3, and read something.',
        }),
    },
    {
      pattern: /unable to open|connect failed|cannot open|\(14\)/,
      make: (_at, _user, database) =>
        new ConfigError(`The file ${database} is missing, or Ferry may not read it.`, {
          hint: 'Check `database` of this source, and the rights on the file and its folder. A database with journal_mode=WAL also needs its -shm file, or the right to write to the folder.',
        }),
    },
    {
      pattern: /malformed|not a database|\((11|26)\)/,
      make: (_at, _user, database) =>
        new ConfigError(`The file ${database} is not an SQLite database.`, {
          hint: 'Check `database` of this source.',
        }),
    },
    {
      pattern: /database is locked|\(5\)/,
      make: (_at, _user, database) =>
        new SourceUnavailableError(`Another program is writing to ${database}, and did not finish in time.`),
    },
  ],
  passingRefusals: /^$/,
  saidByServer: () => undefined,
  read: readErrors,
  broken: /unable to open database file|disk I\/O error/,
  explainDescribe: explainDescribeError,
};
