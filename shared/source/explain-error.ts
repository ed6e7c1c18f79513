import { exhaustedResource } from '../duckdb/exhausted-resource.ts';
import {
  AuthError,
  type FerryError,
  fullDiskError,
  QueryError,
  RefusedLoginError,
  SourceUnavailableError,
  UnansweredLoginError,
} from '../errors.ts';
import { type Login, placeOf } from './credentials/credentials.ts';
import { withOrigin } from './credentials/refused-login.ts';
import type { ErrorPatterns, Refusal, SourcePhase } from './error-patterns.ts';

const MAX_WORDS = 300;

/** In DuckDB's own words, and in those of its MySQL client. */
const MISSING_PARAMETER =
  /^(Binder Error|Invalid Input Error): [^\n"]*(Incorrect number of parameters specified|Expected \d+ parameters, but none)|: No data supplied for parameters in prepared statement/;

/**
 * A source refused a statement before a row was read, in words that do not say what is wrong, or in another language.
 * Its code may say more ({@link explainByCode}).
 */
export class UnknownQueryError extends QueryError {
  /** The statement, in the source's own SQL. */
  statement: string | undefined;
  /** It is one of Ferry's own questions. */
  ofCatalog = false;
  /** The words name a position in the query. */
  hasPlace = false;
}

/**
 * The client does not say why the rows ended: the query failed, a person ended it, or the connection broke. A second
 * try may show which.
 */
export class EndedQueryError extends QueryError {}

/** What is wrong according to the code of an error; undefined if Ferry does not know it. */
export function explainByCode(
  code: string,
  patterns: ErrorPatterns['read'],
  ofCatalog: boolean,
): FerryError | undefined {
  const known = patterns.find(({ codes }) => codes?.test(code));
  return ofCatalog ? inWordsOfCatalog(known) : known?.make();
}

/** The words for a query would make a person look for one. */
function inWordsOfCatalog(
  known: ErrorPatterns['read'][number] | undefined,
  said?: string,
): FerryError | undefined {
  const error = known?.ofCatalog?.(said) ?? known?.make();
  return known?.ofCatalog || !(error instanceof QueryError) ? error : undefined;
}

function explainCatalogError(message: string, patterns: ErrorPatterns['read']): FerryError {
  const known = inWordsOfCatalog(
    patterns.find(({ pattern }) => pattern.test(message)),
    message,
  );
  const unknown = new UnknownQueryError('The source failed to answer a catalog query.', {
    hint: 'The log of the server says why. Use filters (include, exclude) to leave a broken object out of an extraction.',
  });
  return known ?? Object.assign(unknown, { ofCatalog: true });
}

/** What a pattern of the read phase makes of a message; undefined if none matches. */
export function explainByPattern(message: string, patterns: ErrorPatterns['read']): FerryError | undefined {
  return patterns.find(({ pattern }) => pattern.test(message))?.make();
}

/**
 * A server refused the connection in words that Ferry does not know, for example in another language. The secret is
 * read again, as after a wrong password, which this may well be.
 */
export class UnknownRefusal extends RefusedLoginError {}

/** The server's own first line: before the login it cannot contain data. */
function refused(said: string, login: Login): [string, { hint: string }] {
  const words = said
    .split('\n', 1)[0]
    ?.trim()
    .slice(0, MAX_WORDS)
    .replace(/[.。]$/, '');
  return [
    `The source at ${placeOf(login)} refused the connection: ${words}.`,
    {
      hint: withOrigin(
        'The server was reached, and these are its own words. Check username and password in the secret of this source, and which databases the login may connect to; see the log of the server for details.',
        login,
      ),
    },
  ];
}

/**
 * The error of a duckdbQuery that DuckDB does not understand.
 *
 * @param said DuckDB's own words, which name what is in the query and in the catalog
 * @param table how it calls a table of the source
 */
export function explainUnprepared(said: string, table: string): QueryError {
  const ofExtension = /it exists in the \w+ extension\b/.test(said);
  return new QueryError(`The query cannot be prepared: ${said.replace(/[.!]?$/, '.')}`, {
    hint: ofExtension
      ? "The Go connector fetched such extensions while it ran; Ferry loads none. Have the source compute it: `query`, in the source's own SQL."
      : `Check the names: write tables of the source as ${table}.`,
  });
}

/** The meaning of a refusal, by its code. */
export function explainRefusalByCode(
  patterns: ErrorPatterns,
  { code, said }: Refusal,
  login: Login,
): FerryError {
  const at = placeOf(login);
  const known = patterns.connect.find(({ codes, pattern }) => codes?.test(code) || pattern.test(said));
  if (known) return known.make(at, login.username, login.database, said);
  const Refused = patterns.passingRefusals.test(code) ? SourceUnavailableError : AuthError;
  return new Refused(...refused(said, login));
}

/**
 * Reduces a message of one of DuckDB's clients to a class, and to words without secrets and data values.
 *
 * @param ofCatalog whether one of Ferry's own questions about the catalog failed
 */
export function explainSourceError(
  patterns: ErrorPatterns,
  message: string,
  phase: SourcePhase,
  login: Login,
  ofCatalog = false,
): FerryError {
  const at = placeOf(login);
  const said = patterns.withoutStatement?.(message) ?? message;
  const connecting = patterns.connecting?.exec(said)?.[0];
  if (phase === 'connect' || connecting !== undefined) {
    const counts = connecting ?? said;
    const known = patterns.connect.find(({ pattern }) => pattern.test(counts));
    if (known) return known.make(at, login.username, login.database, counts);
    const refusal = patterns.saidByServer(counts);
    if (refusal !== undefined) return new UnknownRefusal(...refused(refusal, login));
    return new UnansweredLoginError(
      `The source at ${at} accepts the connection, but does not answer the login, or breaks off.`,
      {
        hint: 'The way to it is open: check the database itself. It may hang or be starting, or a pooler or a firewall on the way answers for it.',
      },
    );
  }
  if (ofCatalog) return explainCatalogError(said, patterns.read);
  if (phase !== 'read' && MISSING_PARAMETER.test(message)) {
    return new QueryError('The query contains a parameter ($1, $name or ?), and nothing gives it a value.', {
      hint: 'Write the value itself. A ? or $ within a text needs quotes around it.',
    });
  }
  if ((phase === 'describe' || phase === 'wrap') && !patterns.broken.test(said))
    return patterns.explainDescribe(message, phase);
  return (
    explainByPattern(said, patterns.read) ??
    explainConversion(said) ??
    new QueryError('The query failed at the source while Ferry read its result.', {
      hint: 'Run the query on the source itself to see why: the message may quote data, so Ferry does not repeat it.',
    })
  );
}

/** The error when DuckDB itself cannot compute with a value, of a table or in the query's own text; undefined for any other. */
function explainConversion(said: string): FerryError | undefined {
  if (said.startsWith('Conversion Error: ')) {
    return new QueryError('DuckDB cannot convert a value to the type that the query needs.', {
      hint: "TRY_CAST(x AS type) returns NULL for such a value. A constant needs DuckDB's form: TIMESTAMP '2026-01-31 12:00:00'.",
    });
  }
  if (!said.startsWith('Invalid Input Error: ')) return undefined;
  return new QueryError('DuckDB cannot compute the query: a function refuses a value.', {
    hint: 'TRY(…) around it returns NULL instead. The message may quote data, so Ferry does not repeat it.',
  });
}

/** The error when Ferry's own machine has no memory or disk left for a statement; undefined for any other. */
export function explainExhausted(error: unknown): FerryError | undefined {
  const exhausted = exhaustedResource(error);
  if (exhausted === 'disk') return fullDiskError(error);
  if (exhausted !== 'memory') return undefined;
  return new QueryError('The query needs more memory than DuckDB may use.', {
    cause: error,
    hint: 'Let the source do joins and sorts (`query`), and select fewer columns.',
  });
}
