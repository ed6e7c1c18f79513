import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_EXTENSIONS } from '../../cli/session-options.ts';
import { type FerryConfig, ferryConfigSchema, type SourceConfig } from '../../shared/config/schema.ts';
import type { AwsIdentity, AwsKeys } from '../../shared/source/aws-identity.ts';
import type { SessionOptions } from '../../shared/source/session.ts';
import { type Certificate, makeCertificates } from './certificates.ts';
import { startMysqlCleartextServer } from './mysql-cleartext-server.ts';
import { startMysql } from './mysql-server.ts';
import { createTokenJudge, type TokenJudge } from './rds-tokens.ts';
import { startTokenPostgres } from './token-postgres.ts';

export const REGION = 'eu-central-1';
/** The keys that the databases know: one that lasts, and one of a session with a token as long as they come. */
export const KEYS: AwsKeys = {
  accessKeyId: 'AKIAFERRYKEYTHATLASTS',
  secretAccessKey: 'Geheim/langlebig+4711',
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
  /** A source of ferry.yaml, at `localhost`; its `ca` is text, as loadConfig() puts it. */
  source(auth: Record<string, unknown>, fields?: Record<string, unknown>): SourceConfig;
  /** Runs SQL beside Ferry. */
  query(sql: string): Promise<unknown>;
}

/** Starts a Postgres, or a MariaDB behind a stand-in that asks as Amazon's MySQL does. */
export async function startTokenDatabase(type: SourceConfig['type']): Promise<TokenDatabase> {
  const certificates = await makeCertificates({ server: { hosts: ['localhost'], days: 30 } });
  const tokens = createTokenJudge({
    region: REGION,
    keys: [KEYS, SESSION_KEYS],
    address: () => `localhost:${database.port}`,
  });
  const database = await (type === 'postgres'
    ? startTokenPostgres(certificates.server, tokens)
    : startFrontedMysql(certificates.server, tokens));
  return {
    type,
    port: database.port,
    tokens,
    certificates,
    source: (auth, fields = {}) => {
      const source = {
        type,
        host: 'localhost',
        port: database.port,
        database: type === 'postgres' ? 'postgres' : 'ferry',
        auth: { username: 'ferry', region: REGION, ...auth },
        tls: { ca: certificates.authority.cert },
        ...fields,
      };
      return (ferryConfigSchema.parse({ version: 1, sources: { erp: source } }) as FerryConfig).sources
        .erp as SourceConfig;
    },
    query: (sql) => database.query(sql),
    [Symbol.asyncDispose]: () => database.stop(),
  };
}

async function startFrontedMysql(certificate: Certificate, tokens: TokenJudge) {
  const behind = await startMysql({ flavor: 'mariadb' });
  const front = await startMysqlCleartextServer({ certificate, tokens, behind });
  return {
    port: front.port,
    query: (sql: string) => behind.query(sql),
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
