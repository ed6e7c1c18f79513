import {
  AuthError,
  ConfigError,
  ExactnessError,
  type FerryError,
  NoConnectionLeftError,
  QueryError,
  RefusedLoginError,
  SourceUnavailableError,
  UnverifiedServerError,
} from '../../errors.ts';
import type { ErrorPatterns } from '../error-patterns.ts';
import { EndedQueryError, explainByPattern, explainUnprepared } from '../explain-error.ts';
import { hourlyLimits } from './mysql-hourly-limits.ts';
import { mysqlQueryHint } from './mysql-query-hint.ts';

const refuseDatabase = (at: string, user: string, database: string) =>
  new AuthError(`The source at ${at} denies user "${user}" access to database "${database}".`, {
    hint: `Check the name, and grant it: GRANT SELECT ON ${database}.* TO this user. The server says the same of a database that it does not have.`,
  });

const refuseLogin = (at: string, user: string) =>
  new RefusedLoginError(`The source at ${at} refused the login of user "${user}".`, {
    hint: 'Check username and password in the secret of this source, and the hosts that the user may connect from. A server that requires TLS gives the same answer when tls.mode is disable.',
  });

const OVER_TIME = /max_statement_time|maximum statement execution time|max_execution_time/i;

const TOO_MANY_ROWS = /MAX_JOIN_SIZE/;
const refuseRows = () =>
  new QueryError('The query may examine more rows than the max_join_size of the source allows.', {
    hint: 'Raise max_join_size on the server, or have an administrator set sql_big_selects = ON for it.',
  });

// Numbers: https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html,
// https://mariadb.com/kb/en/mariadb-error-code-reference/

/** Refused logins, in the words of DuckDB's client or of the server; the first match counts. */
const connectErrors: ErrorPatterns['connect'] = [
  {
    pattern: /account is (locked|blocked)|too many credential errors/i,
    codes: /^(3118|3955|4151)$/,
    make: (at, user) =>
      new AuthError(`The source at ${at} has locked the account of user "${user}".`, {
        hint: 'Unlock it: ALTER USER … ACCOUNT UNLOCK; FLUSH PRIVILEGES on MariaDB after too many wrong passwords.',
      }),
  },
  {
    pattern: /password has expired|must SET PASSWORD/i,
    codes: /^(1820|1862)$/,
    make: (at, user) =>
      new RefusedLoginError(`The password of user "${user}" of the source at ${at} has expired.`, {
        hint: 'Give the user a new one (ALTER USER … IDENTIFIED BY …), and put it into the secret of this source.',
      }),
  },
  {
    pattern: /init_connect command failed/,
    make: (at, user) =>
      new AuthError(
        `The init_connect of the source at ${at} fails for user "${user}", so the source ends each session.`,
        {
          hint: 'It is the SQL that the server runs when a login without administrative rights connects: SELECT @@init_connect shows it, and the server’s log says why it fails. Correct it, or grant this user what it needs.',
        },
      ),
  },
  {
    pattern: /Access denied for user .* to database/i,
    codes: /^1044$/,
    make: refuseDatabase,
  },
  {
    pattern: /Access denied for user/i,
    codes: /^(1045|1698)$/,
    make: refuseLogin,
  },
  // The same in the server's other languages, which all have the names in these quotes. They are recognised by their
  // form: asking for the number of the error would count as one more failed login, and could lock the account.
  {
    pattern: /'[^'\n]*'@'[^'\n]*'[^'\n]*'[^'\n]+'/,
    make: refuseDatabase,
  },
  {
    pattern: /'[^'\n]*'@'[^'\n]*'/,
    make: refuseLogin,
  },
  {
    pattern: /Unknown database/i,
    codes: /^1049$/,
    make: (at, _user, database) =>
      new ConfigError(`The source at ${at} has no database "${database}".`, {
        hint: 'Check `database` of this source, and `databases` of an extraction.',
        callerHint: 'Check `database`.',
      }),
  },
  {
    pattern: /is not allowed to connect|Host .* is blocked/i,
    codes: /^(1129|1130)$/,
    make: (at) =>
      new AuthError(`The source at ${at} does not accept connections from the host where Ferry runs.`, {
        hint: 'Create the user for that host, or run FLUSH HOSTS if the host was blocked after errors.',
      }),
  },
  {
    pattern: /require_secure_transport|insecure transport/i,
    codes: /^3159$/,
    make: (at) =>
      new ConfigError(`The source at ${at} requires TLS, but tls.mode is disable.`, {
        hint: 'Set tls: { mode: verify-full } on this source, with the ca of its certificate.',
        callerHint: 'Whoever runs Ferry can turn on TLS with --credentials-tls.',
      }),
  },
  {
    pattern: /SSL is required, but the server does not support it/i,
    make: (at) =>
      new UnverifiedServerError(`The source at ${at} does not support TLS, but tls.mode requires it.`, {
        hint: 'Enable TLS on the server, or set tls: { mode: disable } on this source if you trust the network.',
      }),
  },
  {
    pattern: /TLS\/SSL error: Hostname verification failed/,
    make: (at) =>
      new UnverifiedServerError(`The certificate of the source at ${at} is for another host name.`, {
        hint: 'Use the name in the certificate as `host`. The password was not sent.',
      }),
  },
  {
    pattern: /TLS\/SSL error: .*(certificate has expired|not yet valid)/i,
    make: (at) =>
      new UnverifiedServerError(`The certificate of the source at ${at} has expired, or is not valid yet.`, {
        hint: 'Renew it on the server, and check the clock where Ferry runs. The password was not sent.',
      }),
  },
  {
    pattern: /TLS\/SSL error: .*(certificate|signature failure)/i,
    make: (at) =>
      new UnverifiedServerError(
        `The certificate of the source at ${at} is not signed by the authorities of tls.ca.`,
        {
          hint: 'Set tls.ca to `rds`, `system` or the PEM file of the authority that signed it. The password was not sent.',
        },
      ),
  },
  {
    pattern: /TLS\/SSL error: .*(version|protocol|cipher|handshake failure)/i,
    make: (at) =>
      new ConfigError(`The source at ${at} and Ferry have no TLS version or cipher in common.`, {
        hint: 'Enable TLS 1.2 or 1.3 on the server. The password was not sent.',
      }),
  },
  {
    pattern: /plugin .* (could not|cannot) be loaded|plugin .* is not loaded|authentication protocol/i,
    codes: /^(1251|1275|1524|2059)$/,
    make: (at, user) =>
      new ConfigError(
        `User "${user}" of the source at ${at} signs in with a method that Ferry does not support.`,
        {
          hint: "caching_sha2_password and mysql_native_password work: ALTER USER … IDENTIFIED WITH …. For ed25519 set MARIADB_PLUGIN_DIR to the folder of MariaDB's client plugins.",
        },
      ),
  },
  {
    // The first questions of a session.
    pattern: OVER_TIME,
    make: (at) =>
      new SourceUnavailableError(`The source at ${at} was slower than the time limit for its statements.`, {
        hint: 'Only the first questions of a session were asked: the server is busy, or max_statement_time (MariaDB) or max_execution_time (MySQL) of this login is too short.',
      }),
  },
  {
    pattern: TOO_MANY_ROWS,
    make: refuseRows,
  },
  {
    pattern: /shutdown in progress|offline mode/i,
    codes: /^(1053|3032)$/,
    make: (at) => new SourceUnavailableError(`The source at ${at} is shutting down or in offline mode.`),
  },
  ...hourlyLimits,
  {
    pattern: /max_user_connections/i,
    codes: /^(1203|1226)$/,
    make: (at, user) =>
      new NoConnectionLeftError(`The source at ${at} allows user "${user}" no more connections at once.`, {
        hint: 'Ferry needs two: ALTER USER … WITH MAX_USER_CONNECTIONS 2, or max_user_connections of the server.',
      }),
  },
  {
    pattern: /Too many connections|max_connections/i,
    codes: /^1040$/,
    make: (at) =>
      new NoConnectionLeftError(`The source at ${at} has no connections left.`, {
        hint: 'Raise max_connections, or end idle sessions.',
      }),
  },
];

/** What the client itself says when the server has not answered; it is always in English. */
const ofClient =
  /^(Bind to|Can't (connect|create|wait|open|set|initialize)|Client run out|Connection (type|with)|Error (in server handshake|while)|Got packet bigger|Invalid client flags|Lost connection|Plugin |Authentication plugin|Protocol mismatch|Read error|Write error|Received malformed|Server (has gone away|doesn't support)|SSL is required|TLS\/SSL error|Unknown server host|Wrong (host|or unknown))/;

function saidByServer(message: string): string | undefined {
  const said = / with parameters "[^"]*": ([\s\S]*?)(?:\. (?:A|First a)ttempted host: [\s\S]*)?$/.exec(
    message,
  )?.[1];
  return said === undefined || said === '' || ofClient.test(said) ? undefined : said;
}

/**
 * Messages of the read phase that name a cause without repeating data. Of any other message, only the kind is reported.
 */
const readErrors: ErrorPatterns['read'] = [
  {
    pattern: /Failure in decode/,
    make: () =>
      new ExactnessError(
        'The query returns text that is not in UTF-8, although Ferry requested UTF-8. Nothing was uploaded.',
        {
          hint: 'A function that it calls may change character_set_results of the session: remove that. To read bytes, write CAST(x AS BINARY) AS x.',
        },
      ),
  },
  {
    pattern: OVER_TIME,
    make: () =>
      new QueryError("The query exceeded the source's time limit for statements.", {
        hint: 'Make the query faster, or raise max_statement_time (MariaDB) or max_execution_time (MySQL) of this login.',
      }),
    ofCatalog: () =>
      new QueryError("A catalog query exceeded the source's time limit for statements.", {
        hint: 'Raise max_statement_time (MariaDB) or max_execution_time (MySQL) of this login, or read fewer schemas (include, exclude). Ferry’s own limit is 15 minutes.',
      }),
  },
  { pattern: TOO_MANY_ROWS, make: refuseRows },
  {
    pattern: /Lock wait timeout exceeded|Deadlock found/i,
    make: () =>
      new SourceUnavailableError(
        'Something that the query reads is locked at the source, and the lock was not released in time.',
        {
          hint: 'A migration or maintenance that runs at the same time may hold the lock: SHOW PROCESSLIST shows what is waiting.',
        },
      ),
  },
  {
    pattern: /disconnected by the server because of inactivity/i,
    make: () =>
      new QueryError('The source ended the session because its wait_timeout expired.', {
        hint: 'Raise it on the server, or in the proxy in front of it.',
      }),
  },
  {
    pattern: /Query execution was interrupted/i,
    make: () =>
      new QueryError('The query was cancelled at the source.', {
        hint: 'A person, or a watchdog of the database, cancelled it (KILL QUERY).',
      }),
  },
  {
    // The client does not say why.
    pattern: /Failed to fetch result row[\s\S]*":\s*$/,
    make: () =>
      new EndedQueryError('The source ended the query while Ferry read its result.', {
        hint: 'An error in a row does that (a function that writes, for example), KILL QUERY, a time limit for statements, and a connection that breaks. Run the query on the source itself to see more.',
      }),
    ofCatalog: () =>
      new SourceUnavailableError('The source ended a catalog query while Ferry read its answer.', {
        hint: 'KILL QUERY does that, a time limit for statements, and a connection that breaks.',
      }),
  },
  {
    pattern: /Lost connection|server has gone away|Connection was killed|reset by peer|Can't connect/i,
    make: () => new SourceUnavailableError('The connection to the source broke while the query ran.'),
  },
  {
    pattern: /command denied|Access denied/i,
    make: () =>
      new QueryError('The source denied the query: the login lacks a permission.', {
        hint: 'Grant SELECT on everything that the query reads.',
      }),
  },
  {
    // In all languages of the server's messages.
    pattern: /read[- ]only transaction|READ ONLY/i,
    make: () =>
      new QueryError('The query tries to write; Ferry only reads.', {
        hint: 'Write a SELECT that changes nothing.',
      }),
  },
  {
    pattern: /Buffer type is not supported/i,
    make: () =>
      new ExactnessError(
        "The query returns a column of a type that DuckDB's client cannot read, such as vector.",
        {
          hint: 'Convert it in the query: HEX(v) AS v.',
        },
      ),
  },
  {
    pattern: /Could not convert string .* to DECIMAL|out of range/i,
    make: () =>
      new ExactnessError('A value of the query does not fit the type of its column.', {
        hint: 'Run the query on the source to see which, and cast it there.',
      }),
  },
  {
    pattern: /Division by 0/i,
    make: () => new QueryError('The query divides by zero.', { hint: 'Use NULLIF(divisor, 0).' }),
  },
];

/**
 * What the server says about a query's words and the catalog's names, in English and German. Its other messages may
 * quote data even before anything is read: to prepare a query, MariaDB computes what it considers constant, including
 * functions that read tables, and nearly runs a query of a single row.
 */
const harmlessAnswers = [
  /^You have an error in your SQL syntax;|^Fehler in der SQL-Syntax/,
  /^Unknown (column|table|database|collation|character set|system variable) |^Unbekannte[rs]? /,
  /^(Table|Tabelle) '.*' (doesn't exist|existiert nicht)/,
  /^(FUNCTION|PROCEDURE|Key) .* (does not|doesn't) exist/,
  /^[A-Z, ]+ command denied to user |^[A-Z, ]+ Befehl nicht erlaubt /i,
  /^The user specified as a definer /,
  /^(View|Column|Reference) '.*' (references invalid|in .* is ambiguous|not supported)/,
  /^(Duplicate column name|Not unique table\/alias|Every derived table must have its own alias)/,
  /^Incorrect (parameter count|parameters|arguments|usage|number of)/,
  /^(Operand should contain|Invalid use of group function|Mixing of GROUP columns|In aggregated query|Expression #\d+ of |'.*' isn't in GROUP BY)/,
  /^(The used SELECT statements have a different number of columns|Illegal mix of collations|Subquery returns more than 1 row)/,
  /^(This command is not supported in the prepared statement protocol|Query was empty|No tables used|No database selected)/,
  /^Only constant XPATH queries are supported/,
];

function explainDescribeError(message: string, phase: 'describe' | 'wrap'): FerryError {
  const duplicate = /has duplicate column name "(.*)"/.exec(message)?.[1];
  if (duplicate !== undefined) {
    return new QueryError(`The query returns two columns named "${duplicate}".`, {
      hint: /^C\d+$/i.test(duplicate)
        ? "Rename one of them: … AS other_name. An unnamed column, such as that of SELECT '', is named by its position, starting with C0."
        : 'Rename one of them: … AS other_name. Names that differ only in case count as equal.',
    });
  }
  if (/Failed to fetch return types/.test(message)) {
    return new QueryError('The query is not one SELECT that only reads.', {
      hint: 'Write a SELECT with at least one column, and without INTO.',
    });
  }
  // DuckDB repeats the whole statement between quotes, followed by what the server said about it.
  const said = /Failed to (?:prepare|execute|run|store)[\s\S]*": ([^\n]*)/.exec(message)?.[1];
  if (said === undefined) {
    const duckdb = /^(?:Catalog|Binder|Parser) Error: ([^\n]*)/.exec(message)?.[1];
    if (duckdb === undefined) return new QueryError('The source refused the query.');
    return explainUnprepared(duckdb, 'db.table');
  }
  if (!harmlessAnswers.some((pattern) => pattern.test(said))) {
    return (
      explainByPattern(said, readErrors) ??
      new QueryError('The source refused the query.', { hint: 'Run it on the source itself to see why.' })
    );
  }
  // The words and the line number in a syntax error come from Ferry's own statement.
  const words = phase === 'wrap' ? said.replace(/ near '[\s\S]*$/, '') : said;
  return new QueryError(`The source refused the query: ${words.replace(/\.?\s*$/, '')}.`, {
    hint: mysqlQueryHint(said),
  });
}

/** The meaning of messages from DuckDB's MySQL client. */
export const mysqlErrorPatterns: ErrorPatterns = {
  connect: connectErrors,
  // No connection, no memory or disk, a lock, the server going down.
  passingRefusals: /^(1021|1037|1038|1040|1041|1053|1135|1203|1205|1226|3032)$/,
  saidByServer,
  read: readErrors,
  // Without the host, which contains the statements that a connection begins with.
  connecting: /^IO Error: Failed to connect to MySQL[\s\S]*?(?= (?:First a|A)ttempted host: |$)/,
  broken: /Lost connection|gone away/,
  // The client repeats it between quotes. The server uses other ones.
  withoutStatement: (message) =>
    message.replace(/^([^"\n]*Failed to [^"\n]*MySQL query )"[\s\S]*": ?/, '$1"": '),
  explainDescribe: explainDescribeError,
};
