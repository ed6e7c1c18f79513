import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_EXTENSIONS } from '../../../cli/local/session-options.ts';
import { ferryConfigSchema } from '../../../shared/config/schema/ferry-config.ts';
import type { AskSource } from '../../../shared/source/dialect.ts';
import { type SessionOptions, SourceSession } from '../../../shared/source/sessions/session.ts';
import { sourceConfig } from './source-config.ts';

interface LoginAt {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
}

/** What a session on a started Postgres is opened with. */
export function sessionOptions(login: LoginAt, folder: string): Omit<SessionOptions, 'mode' | 'parallel'> {
  const { test: source } = ferryConfigSchema.parse({
    version: 1,
    sources: { test: sourceConfig(login, 'test') },
  }).sources;
  if (!source) throw new Error('The test configuration is incomplete.');
  return {
    source,
    login: { ...login, username: login.user },
    folder,
    extensionFolders: [PROJECT_EXTENSIONS],
    memoryLimitBytes: 500_000_000,
    threads: 1,
  };
}

/** A session on a started Postgres, with its own folder. */
export interface TestSession extends AsyncDisposable {
  session: SourceSession;
  ask: AskSource;
  /** What was sent through `ask`. */
  statements: string[];
}

/** Opens one. */
export async function openSession(login: LoginAt): Promise<TestSession> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry session ü '));
  const session = await SourceSession.open({ ...sessionOptions(login, folder), mode: 'exact' });
  const statements: string[] = [];
  return {
    session,
    statements,
    ask: (sql) => {
      statements.push(sql);
      return session.askSource('describe', sql);
    },
    async [Symbol.asyncDispose]() {
      session.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
