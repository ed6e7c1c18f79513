import { describe, expect, it } from 'vitest';
import { explainSourceError } from '../../../../shared/source/explain-error.ts';
import { postgresErrorPatterns } from '../../../../shared/source/postgres/postgres-errors.ts';

const login = { host: 'h', port: 1, username: 'u', database: 'd', password: '' };
// While rows are read, nobody can ask for the code of an error.
const explain = (said: string) =>
  explainSourceError(
    postgresErrorPatterns,
    `IO Error: Failed to fetch header for COPY: ERREUR:  ${said}`,
    'read',
    login,
  );

// From the catalogs of Postgres: lock_timeout, statement_timeout, pg_cancel_backend, a write.
describe.each([
  [
    'de',
    'storniere Anfrage wegen Zeitüberschreitung einer Sperre',
    'storniere Anfrage wegen Zeitüberschreitung der Anfrage',
    'storniere Anfrage wegen Benutzeraufforderung',
    'INSERT kann nicht in einer Read-Only-Transaktion ausgeführt werden',
  ],
  [
    'fr',
    "annulation de la requête à cause du délai écoulé pour l'obtention des verrous",
    "annulation de la requête à cause du délai écoulé pour l'exécution de l'instruction",
    "annulation de la requête à la demande de l'utilisateur",
    'ne peut pas exécuter INSERT dans une transaction en lecture seule',
  ],
  [
    'es',
    'cancelando la sentencia debido a que se agotó el tiempo de espera de candados (locks)',
    'cancelando la sentencia debido a que se agotó el tiempo de espera de sentencias',
    'cancelando la sentencia debido a una petición del usuario',
    'no se puede ejecutar INSERT en una transacción de sólo lectura',
  ],
  [
    'it',
    "annullamento dell'istruzione a causa di timeout di lock",
    "annullamento dell'istruzione a causa di timeout",
    "annullamento dell'istruzione su richiesta dell'utente",
    'non è possibile eseguire INSERT in una transazione a sola lettura',
  ],
  [
    'ru',
    'выполнение оператора отменено из-за тайм-аута блокировки',
    'выполнение оператора отменено из-за тайм-аута',
    'выполнение оператора отменено по запросу пользователя',
    'в транзакции в режиме "только чтение" нельзя выполнить INSERT',
  ],
  [
    'uk',
    'виконання оператора скасовано через тайм-аут блокування',
    'виконання оператора скасовано через тайм-аут',
    'виконання оператора скасовано по запиту користувача',
    'не можна виконати INSERT в транзакції "лише для читання"',
  ],
  [
    'sv',
    'avbryter sats på grund av lås-timeout',
    'avbryter sats på grund av sats-timeout',
    'avbryter sats på användares begäran',
    'kan inte köra INSERT i read-only-transaktion',
  ],
  [
    'ja',
    'ロックのタイムアウトのためステートメントをキャンセルしています',
    'ステートメントのタイムアウトのためステートメントをキャンセルしています',
    'ユーザーからの要求により文をキャンセルしています',
    'リードオンリーのトランザクションでは INSERT を実行できません',
  ],
  [
    'ko',
    '잠금 대기 시간 초과로 작업을 취소합니다.',
    '명령실행시간 초과로 작업을 취소합니다.',
    '사용자 요청에 의해 작업을 취소합니다.',
    '읽기 전용 트랜잭션에서는 INSERT 명령을 실행할 수 없습니다.',
  ],
  [
    'zh_CN',
    '由于锁超时，取消语句操作',
    '由于语句执行超时，正在取消查询命令',
    '由于用户请求而正在取消查询',
    '不能在一个只读模式的事务中执行INSERT',
  ],
])('a server that speaks %s', (_language, lock, timeout, cancel, write) => {
  it.each([
    [lock, 'SourceUnavailableError', /^Something that the query reads is locked/],
    [timeout, 'QueryError', /exceeded the source's statement_timeout/],
    [cancel, 'QueryError', /was cancelled at the source/],
    [write, 'QueryError', /tries to write/],
  ])('%s', (said, name, message) => {
    expect(explain(said)).toMatchObject({ class: name, message: expect.stringMatching(message) });
  });
});

it.each([
  [
    'Verbindung wird abgebrochen wegen Zeitüberschreitung in inaktiver Transaktion',
    'idle_in_transaction_session_timeout',
  ],
  ["arrêt des connexions suite à l'expiration du délai d'inactivité de la session", 'idle_session_timeout'],
  ['закрытие подключения из-за тайм-аута простоя в транзакции', 'idle_in_transaction_session_timeout'],
  ['закрытие подключения из-за тайм-аута простоя сеанса', 'idle_session_timeout'],
  ['アイドルセッションタイムアウトにより接続を終了します', 'idle_session_timeout'],
  ['由于空载事务超时而终止连接', 'idle_in_transaction_session_timeout'],
  ['terminating connection due to transaction timeout', 'transaction_timeout'],
])('a session that ends with %s is named by its setting, in each phase', (said, setting) => {
  for (const phase of ['connect', 'read'] as const) {
    const message = `IO Error: Failed to fetch header for COPY: FATAL:  ${said}`;
    expect(explainSourceError(postgresErrorPatterns, message, phase, login)).toMatchObject({
      class: 'QueryError',
      message: `The source ended the session because its ${setting} expired.`,
    });
  }
});

// Whoever drops something while it is read is not the job's fault: the run tries again.
it.each([
  [
    'could not open relation with OID 16401',
    'Something was dropped from the source while Ferry was reading it.',
  ],
  ['cache lookup failed for type 16402', 'The source no longer has something that the query needs.'],
])('"%s" is tried again', (said, message) => {
  expect(explain(said)).toMatchObject({ class: 'SourceUnavailableError', retryable: true, message });
});
