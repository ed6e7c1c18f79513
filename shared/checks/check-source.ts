import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyncConfig } from '../config/schema/ferry-config.ts';
import { usesTokens } from '../config/schema/source-auth.ts';
import { SourceUnavailableError } from '../errors.ts';
import { HopError, tryName } from '../network/hops.ts';
import { assertReachable } from '../network/reachability.ts';
import { resolveLogin } from '../source/credentials/credentials.ts';
import type { SecretReader } from '../source/credentials/secrets.ts';
import { prepareQuery } from '../source/query/prepare-query.ts';
import { dialectOf } from '../source/registry.ts';
import { type SessionOptions, SourceSession } from '../source/session.ts';
import { queryOf } from '../sync/open-sync-session.ts';
import { formatCount } from '../text/format.ts';
import { type CheckResult, failedCheck, skippedCheck } from './check-result.ts';

type CheckOptions = Omit<SessionOptions, 'login' | 'mode' | 'parallel'> & {
  /** Name of the source. */
  name: string;
  /** The syncs that read it, by name. */
  syncs: Readonly<Record<string, SyncConfig>>;
  secrets: SecretReader;
};

const NETWORK_TIMEOUT_MS = 3_000;

/**
 * Tries everything that runs need from a source, without reading a row. Each hop is its own check, so the result names
 * the one that fails.
 */
export async function checkSource(options: CheckOptions): Promise<CheckResult[]> {
  const { name, source, secrets, syncs } = options;
  const results: CheckResult[] = [];
  const signsIn = usesTokens(source.auth) ? 'token' : 'secret';
  const names = [
    signsIn,
    'DNS',
    'TCP',
    'login',
    'encryption',
    'permissions',
    ...Object.keys(syncs).map((job) => `sync ${job}`),
  ];
  const attempt = async <T>(check: string, work: () => Promise<[T, string | Omit<CheckResult, 'check'>]>) => {
    try {
      const [value, outcome] = await work();
      results.push({
        check,
        ...(typeof outcome === 'string' ? { status: 'ok' as const, detail: outcome } : outcome),
      });
      return value;
    } catch (thrown) {
      results.push(failedCheck(check, thrown));
      return undefined;
    }
  };
  const skipRest = () => {
    const done = new Set(results.map(({ check }) => check));
    for (const check of names) if (!done.has(check)) results.push(skippedCheck(check));
    return results;
  };

  const dialect = dialectOf(source.type);
  const login = await attempt(signsIn, async () => {
    const found = await resolveLogin(name, source, secrets, dialect.defaultPort);
    // Each connection gets another token. This check only shows that Ferry can make one.
    if (typeof found.password === 'function') await found.password();
    return [found, `user ${found.username}`];
  });
  if (!login) return skipRest();
  const at = `${login.host}:${login.port}`;
  const named = await attempt('DNS', async () => [
    true,
    await tryName(login.host).catch((error: unknown) => {
      if (!(error instanceof HopError)) throw error;
      throw new SourceUnavailableError(error.message, { cause: error, hint: error.hint });
    }),
  ]);
  if (!named) return skipRest();
  const reached = await attempt('TCP', async () => {
    const started = performance.now();
    const { signal } = options;
    await assertReachable(login, {
      timeoutMs: NETWORK_TIMEOUT_MS,
      probe: async (socket) => dialect.probe?.(socket, login, source.tls.mode),
      signal,
    });
    return [true, `${at} answers in ${Math.round(performance.now() - started)} ms`];
  });
  if (!reached) return skipRest();
  const session = await attempt('login', async () => {
    const opened = await SourceSession.open({ ...options, login, mode: 'exact' });
    return [opened, `${dialect.describeServer(opened.server)}, database ${login.database}`];
  });
  if (!session) return skipRest();
  try {
    const ask = (sql: string) => session.askSource('describe', sql);
    await attempt('encryption', async () => [
      undefined,
      describeEncryption(source.tls.mode, await dialect.describeEncryption(ask)),
    ]);
    await attempt('permissions', async () => [
      undefined,
      describePrivileges(await dialect.findWritePrivileges(ask)),
    ]);
  } finally {
    session.close();
  }
  for (const [job, sync] of Object.entries(syncs)) {
    await attempt(`sync ${job}`, async () => [
      undefined,
      await prepareOnly({ ...options, login }, job, sync),
    ]);
  }
  return results;
}

function describeEncryption(
  mode: string,
  encryption: string | undefined,
): string | Omit<CheckResult, 'check'> {
  if (encryption === undefined) {
    return {
      status: 'warning',
      detail: 'the connection is not encrypted',
      hint: 'Set tls: { mode: verify-full } on this source, unless you trust the network.',
    };
  }
  if (mode === 'verify-full') return `${encryption}, certificate and host name verified`;
  if (mode === 'verify-ca') return `${encryption}, certificate verified, host name not verified`;
  return {
    status: 'warning',
    detail: `${encryption}, but the server is not verified`,
    hint: 'Set tls: { mode: verify-full }, so that nobody can impersonate the server.',
  };
}

function describePrivileges(found: readonly string[]): string | Omit<CheckResult, 'check'> {
  if (found.length === 0) return 'the login can only read';
  return {
    status: 'warning',
    detail: `the login ${found.join('; ')}`,
    hint: 'Ferry only reads. Use a login with only SELECT, so that a mistake in a query cannot write.',
  };
}

/** A separate session, because the sync's `types` decide how it is set up. */
async function prepareOnly(
  options: Omit<SessionOptions, 'mode'>,
  job: string,
  sync: SyncConfig,
): Promise<string | Omit<CheckResult, 'check'>> {
  const query = await queryOf(sync);
  const folder = join(options.folder, job);
  await mkdir(folder, { recursive: true });
  const session = await SourceSession.open({ ...options, folder, mode: sync.types });
  try {
    const { columns, warnings } = await prepareQuery(session, query, {
      mode: sync.types,
      overrides: sync.columns,
    });
    const detail = `the source prepared the query: ${formatCount(columns.length, 'column')}`;
    if (warnings.length === 0) return detail;
    return { status: 'warning', detail: `${detail}; ${warnings.join(' ')}` };
  } finally {
    session.close();
  }
}
