import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { ferryConfigSchema, type SourceConfig } from '../../../shared/config/schema/ferry-config.ts';
import type { AwsIdentity, AwsKeys } from '../../../shared/source/credentials/aws-identity.ts';
import type { SessionOptions } from '../../../shared/source/sessions/session.ts';
import { type Certificate, makeCertificates } from '../network/certificates.ts';
import { startMysqlCleartextServer } from '../servers/mysql-cleartext-server.ts';
import { startMysql } from '../servers/mysql-server.ts';
import { createTokenJudge, type TokenJudge } from './rds-tokens.ts';
import { type ClosedGate, closeSourceGate, throughSourceGate } from './source-gate.ts';
import { startTokenPostgres } from './token-postgres.ts';

export const REGION = 'eu-central-1';
/** The keys that the databases know: one that lasts, and one of a session with a token as long as they come. */
export const KEYS: AwsKeys = {
  accessKeyId: 'AKIAFERRYKEYTHATLASTS',
  secretAccessKey: 'Geheim/langlebig+4711',
};
/** Those that take their place when they are exchanged. */
export const NEW_KEYS: AwsKeys = {
  accessKeyId: 'AKIAFERRYKEYTHATISNEW',
  secretAccessKey: 'Geheim/neu+4712',
};
/** The kinds of `auth` that sign tokens. */
export const TOKEN_AUTH = {
  iam: { type: 'iam', resourceId: 'db-ABCDEFGHIJKL01234' },
  iamUser: { type: 'iam-user', secret: 'ferry/aws' },
  iamRole: { type: 'iam-role', roleArn: 'arn:aws:iam::444455556666:role/reader' },
};
export const SESSION_KEYS: AwsKeys = {
  accessKeyId: 'ASIAFERRYKEYOFSESSION',
  secretAccessKey: 'Geheim/kurzlebig+0815',
  sessionToken: `Sitzung//${'FwoGZXIvYXdzE+/='.repeat(95)}`,
};

/** A database that lets the user `ferry` in with tokens. */
export interface TokenDatabase extends AsyncDisposable {
  type: SourceConfig['type'];
  port: number;
  tokens: TokenJudge;
  certificates: Record<'authority' | 'server', Certificate>;
  /** Runs SQL as a superuser, who needs no token. */
  query(sql: string): Promise<unknown>;
  /** A source of ferry.yaml, at `localhost`. */
  fields(auth: Record<string, unknown>, ca: string): Record<string, unknown>;
  /** The same as loadConfig() gives it, with the text of the authority's certificate. */
  source(auth: Record<string, unknown>, fields?: Record<string, unknown>): SourceConfig;
  /** SQL, a value that a query gets only once the gate is open; it is, unless somebody closes it. */
  throughGate: string;
  closeGate(): Promise<ClosedGate>;
}

/**
 * Starts a Postgres, or a MariaDB behind a stand-in that asks as Amazon's MySQL does.
 *
 * @param options.keys those that it knows at that moment; undefined: it looks at no signature, as for keys that an AWS gives out
 */
export async function startTokenDatabase(
  type: SourceConfig['type'],
  options: { keys: readonly AwsKeys[] | undefined } = { keys: [KEYS, SESSION_KEYS] },
): Promise<TokenDatabase> {
  const certificates = await makeCertificates({ server: { hosts: ['localhost'], days: 30 } });
  const tokens = createTokenJudge({
    region: REGION,
    ...(options.keys && { keys: options.keys }),
    address: () => `localhost:${database.port}`,
  });
  const start = type === 'postgres' ? startGatedPostgres : startFrontedMysql;
  const database: Server = await start(certificates.server, tokens);
  const fields: TokenDatabase['fields'] = (auth, ca) => ({
    type,
    host: 'localhost',
    port: database.port,
    database: type === 'postgres' ? 'postgres' : 'ferry',
    auth: { username: 'ferry', region: REGION, ...auth },
    tls: { ca },
  });
  return {
    type,
    port: database.port,
    tokens,
    certificates,
    query: database.query,
    fields,
    source(auth, changes = {}) {
      const erp = { ...fields(auth, certificates.authority.cert), ...changes };
      return ferryConfigSchema.parse({ version: 1, sources: { erp } }).sources.erp as SourceConfig;
    },
    throughGate: database.throughGate,
    closeGate: database.closeGate,
    [Symbol.asyncDispose]: () => database.stop(),
  };
}

type Server = Pick<TokenDatabase, 'port' | 'query' | 'throughGate' | 'closeGate'> & { stop(): Promise<void> };

async function startGatedPostgres(certificate: Certificate, tokens: TokenJudge): Promise<Server> {
  const server = await startTokenPostgres(certificate, tokens);
  return {
    port: server.port,
    query: (sql) => server.query(sql),
    throughGate: throughSourceGate.postgres,
    closeGate: () => closeSourceGate(server),
    stop: () => server.stop(),
  };
}

async function startFrontedMysql(certificate: Certificate, tokens: TokenJudge): Promise<Server> {
  const behind = await startMysql({ flavor: 'mariadb' });
  const front = await startMysqlCleartextServer({ certificate, tokens, behind });
  return {
    port: front.port,
    query: (sql) => behind.query(sql),
    throughGate: throughSourceGate.mysql,
    closeGate: () => closeSourceGate(behind),
    stop: async () => {
      await front.stop();
      await behind.stop();
    },
  };
}

/** A process with these keys, to which AWS says what `examine` says; no role lets it in unless `assumeRole` says so. */
export function identityWith(keys: AwsKeys, answers: Partial<AwsIdentity> = {}): AwsIdentity {
  return {
    ownKeys: async () => keys,
    assumeRole: async () => {
      throw new Error('No role is known.');
    },
    examine: async () => [],
    ...answers,
  };
}

/** A private folder for sessions, and what else they need. */
export async function sessionSurroundings(): Promise<
  AsyncDisposable & {
    options: Omit<SessionOptions, 'source' | 'login' | 'folder'>;
    folder(): Promise<string>;
  }
> {
  const root = await mkdtemp(join(tmpdir(), 'ferry tokens ü '));
  return {
    options: {
      extensionFolders: [PROJECT_EXTENSIONS],
      memoryLimitBytes: 256_000_000,
      threads: 2,
      mode: 'exact',
    },
    folder: () => mkdtemp(join(root, 'session-')),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
