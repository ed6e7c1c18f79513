import { LockedCatalogError, QueryError, SourceUnavailableError } from '../../errors.ts';
import type { ErrorPatterns } from '../error-patterns.ts';

/** Somebody holds a lock that the question needs. */
export const lockedCatalog = () =>
  new LockedCatalogError("A part of the source's catalog is locked, and the lock was not released in time.", {
    hint: 'Maintenance of the catalog (VACUUM FULL, REINDEX) may hold the lock: pg_locks shows it. Ferry waits a second at most at a time, so that it holds up nobody.',
  });

/**
 * Limits that a server sets for a session. Ferry lifts them for its transactions; a pooler or a fork of Postgres may
 * not allow that.
 */
const sessionLimits = [
  {
    setting: 'idle_in_transaction_session_timeout',
    pattern:
      /due to idle-in-transaction timeout|Zeitüberschreitung in inaktiver Transaktion|délai d'inactivité en transaction|para transacciones abiertas inactivas|timeout di inattività durante una transazione|тайм-аута простоя в транзакции|тайм-аут бездіяльності в транзакції|på grund av idle-in-transaction-timeout|トランザクション中アイドルタイムアウト|idle-in-transaction 시간 초과|由于空载事务超时/i,
  },
  { setting: 'transaction_timeout', pattern: /terminating connection due to transaction timeout/i },
  {
    setting: 'idle_session_timeout',
    pattern:
      /due to idle-session timeout|Zeitüberschreitung in inaktiver Sitzung|délai d'inactivité de la session|para sesiones abiertas inactivas|timeout della sessione inattiva|тайм-аута простоя сеанса|тайм-аут неактивного сеансу|på grund av idle-session-timeout|アイドルセッションタイムアウト|idle-session 시간 초과/i,
  },
];

/** The server ended the session: its own words, in each of its languages. */
export const endedSessions = sessionLimits.map(({ setting, pattern }) => ({
  pattern,
  make: () =>
    new QueryError(`The source ended the session because its ${setting} expired.`, {
      hint: `Raise it for this login: ALTER ROLE … SET ${setting} = 0.`,
    }),
}));

// The server's words in each of its languages: those that decide whether a run tries again must be known while rows are
// read, when no other client can ask for the code.
const STATEMENT_TIMEOUT =
  /canceling statement due to statement timeout|wegen Zeitüberschreitung der Anfrage|délai écoulé pour l'exécution de l'instruction|tiempo de espera de sentencias|annullamento dell'istruzione a causa di timeout(?! di lock)|оператора отменено из-за тайм-аута(?! блокировки)|оператора скасовано через тайм-аут(?! блокування)|på grund av sats-?timeout|ステートメントのタイムアウトのため|명령실행시간 초과로|由于语句执行超时/i;
const LOCK_TIMEOUT =
  /canceling statement due to lock timeout|wegen Zeitüberschreitung einer Sperre|délai écoulé pour l'obtention des verrous|tiempo de espera de candados|a causa di timeout di lock|из-за тайм-аута блокировки|через тайм-аут блокування|på grund av lås-?timeout|ბლოკის მოლოდინის ვადის|ロックのタイムアウトのため|잠금 대기 시간 초과로|由于锁超时/i;
const USER_REQUEST =
  /canceling statement due to user request|wegen Benutzeraufforderung|à la demande de l'utilisateur|debido a una petición del usuario|su richiesta dell'utente|отменено по запросу пользователя|скасовано по запиту користувача|på användares begäran|ユーザーからの要求により|사용자 요청에 의해 작업을|由于用户请求/i;

/** The server ended the statement for a reason outside of it, in any phase. */
export const interruptions: ErrorPatterns['read'] = [
  {
    pattern: STATEMENT_TIMEOUT,
    codes: /^57014$/,
    make: () =>
      new QueryError("The query exceeded the source's statement_timeout.", {
        hint: 'Make the query faster, or raise the timeout of this login.',
      }),
    ofCatalog: () =>
      new QueryError("A catalog query exceeded the source's statement_timeout.", {
        hint: 'Raise the timeout of this login (ALTER ROLE … SET statement_timeout = …), or read fewer schemas (include, exclude).',
      }),
  },
  {
    pattern: LOCK_TIMEOUT,
    codes: /^55P03$/,
    make: () =>
      new SourceUnavailableError(
        'Something that the query reads is locked at the source, and the lock was not released in time.',
        {
          hint: 'A migration or maintenance that runs at the same time may hold the lock: pg_locks shows it. The limit is lock_timeout of this login, or 30 seconds.',
        },
      ),
    ofCatalog: lockedCatalog,
  },
  {
    pattern: USER_REQUEST,
    make: () =>
      new QueryError('The query was cancelled at the source.', {
        hint: 'A person, or a watchdog of the database, cancelled it (pg_cancel_backend).',
      }),
  },
  ...endedSessions,
  {
    pattern: /canceling statement due to conflict with recovery|conflict with recovery/i,
    codes: /^40001$/,
    make: () =>
      new SourceUnavailableError('The standby cancelled the query because it conflicted with recovery.'),
  },
];

/** What ails the server itself while it runs a query, in English. */
export const sourceFaults: ErrorPatterns['read'] = [
  {
    pattern: /temporary file size exceeds temp_file_limit/i,
    codes: /^53400$/,
    make: () =>
      new QueryError('The query needs more temporary files than the temp_file_limit of the source allows.', {
        hint: 'A sort or a join is too big: add a filter or an index, or raise the limit of this login.',
      }),
  },
  {
    pattern: /\bout of (shared )?memory\b|No space left on device|could not resize shared memory/i,
    codes: /^53[12]00$/,
    make: () =>
      new SourceUnavailableError('The source has not enough memory or disk for the query.', {
        hint: 'Free some on the server; its log has the details. A smaller query needs less: fewer columns, no sort.',
      }),
  },
  {
    pattern: /could not serialize access|deadlock detected/i,
    codes: /^40(001|P01)$/,
    make: () =>
      new SourceUnavailableError('The query collided with another transaction at the source.', {
        hint: 'Usually another try goes well. The log of the server names the other transaction.',
      }),
  },
  {
    pattern:
      /invalid page in block|(missing|unexpected) chunk number|could not read block|compressed \w+ data is corrupt|could not access status of transaction|invalid memory alloc request size/i,
    codes: /^XX00[12]$/,
    make: () =>
      new QueryError('Some data of the source is damaged, so that the server itself cannot read it.', {
        hint: 'The log of the server names the table: check it with pg_amcheck, and restore it from a backup.',
      }),
  },
  {
    pattern: /could not connect to server "/i,
    codes: /^08001$/,
    make: () =>
      new SourceUnavailableError('A foreign server that the query reads cannot be reached from the source.', {
        hint: 'The query reads a foreign table: check the way from the source to its server (CREATE SERVER … OPTIONS).',
      }),
  },
];
