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
import { explainByPattern, explainUnprepared, UnknownQueryError } from '../explain-error.ts';
import { explainDeniedCatalog, explainDeniedFacts } from './explain-denial.ts';
import { endedSessions, interruptions, lockedCatalog, sourceFaults } from './postgres-interruptions.ts';
import { NOT_POPULATED, POPULATE, postgresQueryHint } from './postgres-query-hint.ts';

const refuseLogin = (at: string, user: string) =>
  new RefusedLoginError(`The source at ${at} refused the login of user "${user}".`, {
    hint: 'Check username and password in the secret of this source; after a rotation, the secret needs the new password. A user with rds_iam only accepts tokens (auth: iam).',
  });

// SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html, and the routine where one code stands for
// several things.

/**
 * Refused logins. A server uses the language of its lc_messages: messages that Ferry does not know in English or German
 * have a code.
 */
const connectErrors: ErrorPatterns['connect'] = [
  {
    pattern:
      /authentication failed|(Passwort|PAM)-Authentifizierung|role ".*" does not exist|Rolle ».*« existiert nicht|no password supplied/i,
    codes: /^28P01|^28000 (?!ClientAuthentication)/,
    make: refuseLogin,
  },
  {
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.troubleshooting.html
    pattern: /proxy has no credentials for the role/i,
    make: (at, user) =>
      new AuthError(`The RDS Proxy at ${at} has no secret for user "${user}".`, {
        hint: "Add a secret with this user's name and password to the proxy, or give it end-to-end IAM authentication.",
      }),
  },
  {
    pattern: /pg_hba\.conf|not permitted to log in|permission denied for database|Login-Rolle/i,
    codes: /^28000 ClientAuthentication|^42501 (?!aclcheck)/,
    make: (at, user, database) =>
      new AuthError(`The source at ${at} denies user "${user}" access to database "${database}".`, {
        hint: 'Allow it in pg_hba.conf or grant CONNECT. A server that requires TLS gives the same answer when tls.mode is disable.',
        callerHint:
          'Allow it in pg_hba.conf or grant CONNECT. A server that requires TLS gives the same answer without it: whoever runs Ferry can turn it on with --credentials-tls.',
      }),
  },
  {
    pattern:
      /(permission denied|keine Berechtigung) f(or|ür) (function|table|view|relation|Funktion|Tabelle|Sicht|Relation) /,
    codes: /^42501 aclcheck/,
    make: (at, user, _database, said) => explainDeniedFacts(at, user, said),
  },
  {
    // Their names are the same in every language. Asking for the code would count as one more failed login in a
    // directory.
    pattern: /: {2}.*\b(LDAP|PAM|RADIUS|GSSAPI|SSPI)\b/,
    make: refuseLogin,
  },
  {
    pattern: /database ".*" does not exist|Datenbank ».*« existiert nicht/i,
    codes: /^3D000/,
    make: (at, _user, database) =>
      new ConfigError(`The source at ${at} has no database "${database}".`, {
        hint: 'Check `database` of this source, and `databases` of an extraction.',
        callerHint: 'Check `database`.',
      }),
  },
  {
    pattern:
      /not currently accepting connections|akzeptiert gegenwärtig keine Verbindungen|cannot connect to invalid database/i,
    codes: /^55000/,
    make: (at, _user, database) =>
      new ConfigError(`The database "${database}" at ${at} takes no connections.`, {
        hint: 'It was closed (ALTER DATABASE … ALLOW_CONNECTIONS false), or dropping it was interrupted: open it, finish dropping it, or read another one.',
      }),
  },
  {
    pattern: /server does not support SSL/i,
    make: (at) =>
      new UnverifiedServerError(`The source at ${at} does not support TLS, but tls.mode requires it.`, {
        hint: 'Enable TLS on the server, or set tls: { mode: disable } on this source if you trust the network.',
      }),
  },
  {
    pattern: /certificate verify failed|signature failure|unable to get (local )?issuer/i,
    make: (at) =>
      new UnverifiedServerError(
        `The certificate of the source at ${at} is not signed by the authorities of tls.ca, or has expired.`,
        {
          hint: 'Set tls.ca to `rds`, `system` or the PEM file of the authority that signed it. Nothing was sent to the server.',
        },
      ),
  },
  {
    pattern: /server certificate for .* does not match host name/i,
    make: (at) =>
      new UnverifiedServerError(`The certificate of the source at ${at} is for another host name.`, {
        hint: "Use the name in the certificate as `host`; with tokens, set signHost to the database's own endpoint; with a password, tls: { mode: verify-ca } does not check the name. Nothing was sent to the server.",
      }),
  },
  {
    pattern: /too many connections for database|zu viele Verbindungen für Datenbank/i,
    make: (at, _user, database) =>
      new NoConnectionLeftError(`The database "${database}" at ${at} has no connections left.`, {
        hint: 'Raise its own limit (ALTER DATABASE … CONNECTION LIMIT), or end idle sessions in it.',
      }),
  },
  {
    pattern: /too many connections for role|zu viele Verbindungen für Rolle/i,
    make: (at, user) =>
      new NoConnectionLeftError(`The user "${user}" has no connections left at ${at}.`, {
        hint: 'Raise its own limit (ALTER ROLE … CONNECTION LIMIT), or end its idle sessions.',
      }),
  },
  {
    pattern: /too many (connections|clients)|remaining connection slots/i,
    codes: /^53300/,
    make: (at) =>
      new NoConnectionLeftError(`The source at ${at} has no connections left.`, {
        hint: 'Raise max_connections, or end idle sessions.',
      }),
  },
  {
    // https://www.pgbouncer.org/config.html#pool_mode
    pattern: /not allowed in statement pooling mode/,
    make: (at) =>
      new ConfigError(`The PgBouncer at ${at} does not allow transactions, which Ferry needs to read.`, {
        hint: 'Its pool_mode is statement: set pool_mode = transaction (or session) for this database, or use the address of Postgres itself.',
      }),
  },
  {
    // The first question of a session needs the catalog.
    pattern: /canceling statement due to lock timeout/i,
    codes: /^55P03/,
    make: lockedCatalog,
  },
  {
    pattern: /canceling statement due to statement timeout/i,
    codes: /^57014/,
    make: (at) =>
      new SourceUnavailableError(`The source at ${at} was slower than the statement_timeout of the login.`, {
        hint: 'Only the first questions of a session were asked: the server is busy, or the timeout is too short (ALTER ROLE … SET statement_timeout = …).',
      }),
  },
  ...endedSessions,
  {
    pattern: /starting up|shutting down|recovery mode/i,
    codes: /^57P0[123]/,
    make: (at) => new SourceUnavailableError(`The source at ${at} is starting up or shutting down.`),
  },
];

/** What the server writes before its last message on a connection, in each of its languages: FATAL or PANIC. */
const ENDED =
  /: (FATAL[ET]?|PANI[CK]|PANICO|ВАЖНО|ПАНИКА|ФАТАЛЬНО|ПАНІКА|ფატალური|პანიკა|치명적오류|손상|致命错误|比致命错误还过分的错误): {2}/;

const broke = () => new SourceUnavailableError('The connection to the source broke while the query ran.');

const writes = () =>
  new QueryError('The query tries to write; Ferry only reads.', {
    hint: 'Write a SELECT that changes nothing.',
  });

const severalStatements = {
  pattern: /cannot insert multiple commands/,
  // From a cursor, which asks for a code (codeOfRefusal).
  codes: /^42P11$/,
  make: () => new QueryError('The query contains several statements.', { hint: 'Write one SELECT.' }),
};

/**
 * Messages of the read phase that name a cause without repeating data. Of any other message, only the kind is reported.
 */
const readErrors: ErrorPatterns['read'] = [
  {
    pattern: /permission denied for ([a-z ]+) "?([^"\n]+)"?/i,
    codes: /^42501$/,
    make: () =>
      new QueryError('The source denied the query: the login lacks a permission.', {
        hint: 'Grant SELECT on everything that the query reads.',
      }),
    ofCatalog: explainDeniedCatalog,
  },
  ...interruptions,
  ...sourceFaults,
  severalStatements,
  {
    // Text that is not in UTF-8, although the connection began with that.
    pattern: /Failure in decode/,
    make: () =>
      new ExactnessError(
        'The query changes the setting client_encoding while it runs, and its values depend on that setting. Nothing was uploaded.',
        {
          hint: 'Remove the function that sets it (in the query, or called by it). To read bytes, write convert_to(x, …) AS x.',
        },
      ),
  },
  {
    // A query's relations are looked up before they are locked.
    pattern: /could not open relation with OID \d+/i,
    make: () =>
      new SourceUnavailableError('Something was dropped from the source while Ferry was reading it.', {
        hint: 'Run it again when nothing is being created or dropped there.',
      }),
  },
  {
    pattern: NOT_POPULATED,
    make: () =>
      new QueryError('The query reads a materialized view that has not been populated.', {
        hint: POPULATE,
      }),
  },
  {
    pattern: /cache lookup failed for /i,
    make: () =>
      new SourceUnavailableError('The source no longer has something that the query needs.', {
        hint: 'It was dropped in the meantime, or the catalog of the source is damaged: check whether the query works there.',
      }),
  },
  {
    pattern: /invalid byte sequence for encoding/i,
    codes: /^(22021|22P05)$/,
    make: () =>
      new QueryError('The source contains text that is not valid in its encoding.', {
        hint: 'A database in SQL_ASCII accepts any bytes; the bytes of this text are not valid UTF-8.',
      }),
    ofCatalog: () =>
      new QueryError('The catalog of the source contains text that is not valid in its encoding.', {
        hint: 'A database in SQL_ASCII accepts any bytes. Rename the object with such a name, or exclude it (exclude).',
      }),
  },
  {
    // The zero byte ends the statement that DuckDB sends, and also its own message, which lacks what the server said then.
    pattern: /^[^"]*Failed to prepare COPY "COPY \(/,
    make: () =>
      new QueryError(
        'The query compares a column with a text that has a zero byte, which no text of Postgres has.',
        {
          hint: 'Remove the zero byte (chr(0)): no row can be equal to it.',
        },
      ),
  },
  {
    // Anything that DuckDB cannot wrap into COPY (SELECT …): SHOW, EXPLAIN, INSERT … RETURNING.
    pattern: /syntax error|COPY query must have a RETURNING|cannot set transaction|DO INSTEAD/i,
    codes: /^42601$/,
    make: () =>
      new QueryError('The query is not one SELECT that only reads.', {
        hint: 'Ferry does not support SHOW, EXPLAIN, INSERT … RETURNING and similar; write a SELECT.',
      }),
  },
  {
    pattern: /multi-?dimensional|Expected an array with|nested array|array dimension/i,
    make: () =>
      new QueryError('A column contains arrays with several dimensions, which the file cannot hold.', {
        hint: 'Cast it in the query: column::text AS column.',
      }),
  },
  {
    pattern:
      /read-only[- ]transa|read-write mode|transaction en lecture seule|transacción de sólo lectura|transazione a sola lettura|в режиме "только чтение"|лише для читання|リードオンリーのトランザクション|읽기 전용 트랜잭션|只读模式的事务/i,
    codes: /^25006$/,
    make: writes,
  },
  {
    pattern: /division by zero|Division durch Null|division par zéro|división por cero|деление на ноль/i,
    codes: /^22012$/,
    make: () => new QueryError('The query divides by zero.', { hint: 'Use NULLIF(divisor, 0).' }),
  },
  {
    pattern: /invalid input syntax for type|out of range|value too long/i,
    codes: /^22(P02|001|003|007|008)$/,
    make: () =>
      new QueryError('A value does not fit the type that the query casts it to.', {
        hint: 'Run the query on the source to see which.',
      }),
  },
  {
    pattern:
      /server closed the connection|connection (reset|refused|to server)|no connection to the server|terminating connection|SSL SYSCALL|could not receive data/i,
    make: broke,
  },
  { pattern: ENDED, make: broke },
];

/**
 * What a server said: libpq writes `FATAL:  ` before it, in the server's language and with two blanks, which it has
 * nowhere else. Before that, DuckDB repeats the whole statement between quotes.
 */
const answerIn = (message: string) =>
  (/": [^\s:"][^:\n"]{0,40}: {2}(\S[\s\S]*)$/.exec(message) ??
    /[A-Za-z]: [^\s:"][^:\n"]{0,40}: {2}(\S[\s\S]*)$/.exec(message))?.[1];

/**
 * DuckDB repeats the statement between quotes, before what the server or libpq said. That of a BEGIN stays: a pooler that
 * says nothing is recognised by it.
 */
const withoutStatement = (message: string) =>
  message
    .replace(/^([^"\n]*Failed to [^"\n]*)"(?!BEGIN )[\s\S]*?": (?=[^\s:"][^:\n"]{0,40}: {2}\S)/, '$1"": ')
    .replace(/^([^"\n]*Failed to [^"\n]*)"(?!BEGIN |": )[\s\S]*": ?/, '$1"": ');

/** "line 2, column 7" from libpq's LINE and caret rows. */
function positionIn(message: string): string {
  const match = /\nLINE (\d+): (.*)\n( *)\^/.exec(message);
  if (!match) return '';
  const [, line, , spaces = ''] = match;
  // libpq shortens a long line with "..." and moves the caret along, so its column is not the query's. With wide
  // letters or tabs before it, the caret counts positions on a screen.
  if (/^\.\.\.|[^\x20-\u02ff]/.test(match[2] ?? '')) return ` (line ${line})`;
  return ` (line ${line}, column ${spaces.length - `LINE ${line}: `.length + 1})`;
}

/** DuckDB's own words about a duckdbQuery: names of tables and columns, from the query and the source's catalog. */
function explainDuckdbError(message: string): FerryError {
  const said = /^(?:Catalog|Binder|Parser) Error: ([^\n]*)/.exec(message)?.[1];
  if (said === undefined) return new QueryError('The source refused the query.');
  // The labels of an enum are the contents of its columns; a line break in one cuts the message off.
  const unlabelled = said
    .replace(/ENUM\('(?:[^']|'')*'(?:, '(?:[^']|'')*')*\)/g, 'ENUM')
    .replace(/ENUM\('.*$/, 'ENUM …');
  return explainUnprepared(unlabelled, 'db.table or db.schema.table');
}

/** Messages without a position in the query that contain only names. */
const harmlessAnswers =
  /^permission denied for |^keine Berechtigung für |^materialized view .* has not been populated$|^materialisierte Sicht .* wurde noch nicht befüllt$|^target lists can have at most /;

/**
 * Whether an answer of the server contains only words of the query and names of the catalog. To plan a query, the
 * server runs functions that are declared immutable or stable; their messages quote data, and have no position in the
 * query, or a context.
 */
function isOfQueryOnly(message: string, answer: string): boolean {
  // Parsed and looked up, but not planned.
  if (message.startsWith('Binder Error: Failed to prepare query')) return true;
  if (/\n(CONTEXT|QUERY): /.test(answer)) return false;
  return /\nLINE \d+: /.test(answer) || harmlessAnswers.test(answer.split('\n', 1)[0] ?? '');
}

function explainDescribeError(message: string, phase: 'describe' | 'wrap'): FerryError {
  if (message.includes('No fields returned by query')) {
    return new QueryError('The query returns no columns.', {
      hint: 'Write a SELECT with at least one column.',
    });
  }
  const duplicate = /has duplicate column name "(.*)"/.exec(message)?.[1];
  if (duplicate !== undefined) {
    return new QueryError(`The query returns two columns named "${duplicate}".`, {
      hint: 'Rename one of them: … AS other_name.',
    });
  }
  if (severalStatements.pattern.test(message)) return severalStatements.make();
  const answer = answerIn(message);
  if (answer === undefined) return explainDuckdbError(message);
  const interruption = explainByPattern(answer, interruptions);
  if (interruption) return interruption;
  if (!isOfQueryOnly(message, answer)) {
    return (
      explainByPattern(answer, readErrors) ??
      new UnknownQueryError('The source refused the query.', {
        hint: 'Run it on the source itself to see why.',
      })
    );
  }
  const said = answer.split('\n', 1)[0] ?? '';
  if (phase === 'wrap' && /data-modifying statement must be at the top level/.test(said)) return writes();
  const position = phase === 'describe' ? positionIn(message) : '';
  const told = `The source refused the query: ${said}${position}.`;
  const hint = postgresQueryHint(said);
  // A message that names the table is better than the meaning of its code.
  if (harmlessAnswers.test(said)) return new QueryError(told, { hint });
  // So is a position in the query; but an error about a lock has one, too.
  return Object.assign(new UnknownQueryError(told, { hint }), { hasPlace: position !== '' });
}

/** The meaning of messages from DuckDB's Postgres client. */
export const postgresErrorPatterns: ErrorPatterns = {
  connect: connectErrors,
  // A connection, a resource, an operator, the server's machine.
  passingRefusals: /^(08|53|57|58)/,
  // PgBouncer says why before it closes a connection, but libpq ignores that.
  saidByServer: (message) =>
    answerIn(message) ?? /"BEGIN [^"]*": (server closed the connection)/.exec(message)?.[1],
  read: readErrors,
  // The client makes a new connection for a statement when the old one is closed.
  broken: new RegExp(
    `^IO Error: Unable to connect to Postgres|server closed the connection|terminating connection|${ENDED.source}`,
  ),
  withoutStatement,
  explainDescribe: explainDescribeError,
};
