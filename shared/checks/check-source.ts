import { join } from 'node:path';
import type { SourceConfig, SyncConfig } from '../config/schema/ferry-config.ts';
import { ENV_SECRETS } from '../config/schema/secret-ref.ts';
import { usesTokens } from '../config/schema/source-auth.ts';
import { SourceUnavailableError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { HopError, tryName } from '../network/hops.ts';
import { assertReachable } from '../network/reachability.ts';
import type { CheckProgress } from '../runs/records/job-check.ts';
import { placeOf, resolveLogin } from '../source/credentials/credentials.ts';
import type { SecretReader } from '../source/credentials/secrets.ts';
import { describeReading, readingOf } from '../source/query/export-query.ts';
import { planParts } from '../source/query/plan-parts.ts';
import { prepareQuery } from '../source/query/prepare-query.ts';
import { dialectOf } from '../source/registry.ts';
import { type SessionOptions, SourceSession } from '../source/sessions/session.ts';
import { warnOfSuperuser } from '../source/warn-of-superuser.ts';
import { queryOf } from '../sync/open-sync-session.ts';
import { formatCount } from '../text/format.ts';
import { type CheckResult, failedCheck, skippedCheck } from './check-result.ts';
import { previewed } from './previewed-column.ts';

type CheckOptions = Omit<SessionOptions, 'login' | 'mode' | 'parallel'> &
  Partial<CheckProgress> & {
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
  const add = (result: CheckResult) => {
    results.push(result);
    options.onCheck?.(result);
  };
  const signsIn = usesTokens(source.auth) ? 'token' : 'secret';
  const isLocal = source.auth.type === 'none';
  const names = [
    ...(source.type === 'odbc' ? ['driver'] : []),
    ...(isLocal ? ['file'] : [signsIn, 'DNS', 'TCP', 'login', 'encryption']),
    'permissions',
    ...Object.keys(syncs).map((job) => `sync ${job}`),
  ];
  const attempt = async <T>(check: string, work: () => Promise<[T, string | Omit<CheckResult, 'check'>]>) => {
    try {
      const [value, outcome] = await work();
      add({ check, ...(typeof outcome === 'string' ? { status: 'ok' as const, detail: outcome } : outcome) });
      return value;
    } catch (thrown) {
      add(failedCheck(check, thrown));
      return undefined;
    }
  };
  const skipRest = () => {
    const done = new Set(results.map(({ check }) => check));
    for (const check of names) if (!done.has(check)) add(skippedCheck(check));
    return results;
  };

  const dialect = dialectOf(source);
  if (dialect.loadClient) {
    const loaded = await attempt('driver', async () => {
      const driver = dialect.loadClient?.(options.extensionFolders) ?? '';
      return [driver, driver];
    });
    if (loaded === undefined) return skipRest();
  }
  const resolving = () => resolveLogin(name, source, secrets, dialect.defaultPort);
  const login = isLocal
    ? await resolving()
    : await attempt(signsIn, async () => {
        const found = await resolving();
        // Each connection gets another token. This check only shows that Ferry can make one.
        if (typeof found.password === 'function') await found.password();
        return [found, `user ${found.username}`];
      });
  if (!login) return skipRest();
  if (!isLocal) {
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
      return [true, `${placeOf(login)} answers in ${Math.round(performance.now() - started)} ms`];
    });
    if (!reached) return skipRest();
  }
  const session = await attempt(isLocal ? 'file' : 'login', async () => {
    const opened = await SourceSession.open({ ...options, login, mode: 'exact' });
    const place = isLocal ? login.database : `database ${login.database}`;
    return [opened, `${dialect.describeServer(opened.server)}, ${place}`];
  });
  if (!session) return skipRest();
  try {
    const ask = (sql: string) => session.askSource('describe', sql);
    if (!isLocal)
      await attempt('encryption', async () => [
        undefined,
        describeEncryption(source, await dialect.describeEncryption(ask)),
      ]);
    const relative = await dialect.relative?.(ask).catch(() => undefined);
    if (relative !== undefined) {
      add({
        check: 'product',
        status: 'warning',
        detail: `${relative.words}, which Ferry has not been tried with`,
        hint: 'See docs/sources.md.',
      });
    }
    await attempt('permissions', async () => [
      undefined,
      describePrivileges(
        await dialect.findWritePrivileges(ask),
        session.isProvenReadOnly,
        warnOfSuperuser(name, session.server.superuser),
      ),
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
  { auth, tls: { mode } }: SourceConfig,
  encryption: string | undefined,
): string | Omit<CheckResult, 'check'> {
  if (encryption === undefined) {
    const isOfEnvFile = auth.type === 'password' && auth.secret === ENV_SECRETS.source;
    return {
      status: 'warning',
      detail: 'the connection is not encrypted',
      hint: isOfEnvFile
        ? 'A .env file cannot ask for encryption: a ferry.yaml can, and ferry init --from-env makes one of it.'
        : 'Set tls: { mode: verify-full } on this source, unless you trust the network.',
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

function describePrivileges(
  found: readonly string[],
  isProvenReadOnly: boolean,
  superuser: string | undefined,
): string | Omit<CheckResult, 'check'> {
  if (superuser !== undefined)
    return {
      status: 'warning',
      detail: found.length > 0 ? `the login ${found.join('; ')}` : 'the login may do everything',
      hint: superuser,
    };
  if (found.length === 0 && isProvenReadOnly) return 'the login can only read';
  if (found.length === 0) {
    return {
      status: 'warning',
      detail: 'the source does not confirm that its transactions are read-only',
      hint: 'Use a login with only SELECT: it alone keeps a query from writing.',
    };
  }
  return {
    status: 'warning',
    detail: `the login ${found.join('; ')}`,
    hint: 'Ferry only reads. Use a login with only SELECT, so that a mistake in a query cannot write.',
  };
}

/** A separate session, because the sync's `types` decide how it is set up. */
async function prepareOnly(
  options: Omit<SessionOptions, 'mode'> & Pick<Partial<CheckProgress>, 'onColumns'>,
  job: string,
  sync: SyncConfig,
): Promise<string | Omit<CheckResult, 'check'>> {
  const query = await queryOf(sync);
  const folder = join(options.folder, job);
  await makeFolder(folder);
  const session = await SourceSession.open({ ...options, folder, mode: sync.types });
  try {
    const prepared = await prepareQuery(session, query, { mode: sync.types, overrides: sync.columns });
    const { columns, warnings } = prepared;
    options.onColumns?.(columns.map(previewed));
    const plan =
      query.kind === 'source'
        ? await planParts(session, query.sql, prepared, { parallel: sync.parallel, threads: options.threads })
        : undefined;
    const reading = plan && describeReading(readingOf(plan));
    const detail = `the source prepared the query: ${formatCount(columns.length, 'column')}${reading === undefined ? '' : `; ${reading}`}`;
    if (warnings.length === 0) return detail;
    return { status: 'warning', detail: `${detail}; ${warnings.join(' ')}` };
  } finally {
    session.close();
  }
}
