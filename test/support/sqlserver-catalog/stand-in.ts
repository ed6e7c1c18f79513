import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { SourceConfig } from '../../../shared/config/schema/ferry-config.ts';
import type { RowsQuery } from '../../../shared/source/catalog/catalog.ts';
import type { SourceAnswer } from '../../../shared/source/dialect.ts';
import { sqlServerProfile } from '../../../shared/source/odbc/sqlserver/sqlserver-profile.ts';
import type { SourceSession } from '../../../shared/source/sessions/session.ts';
import { sqlParserEnvironment } from '../processes/python.ts';

const fileOf = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));

/**
 * What answers in the place of a SQL Server, of which the tests have none: a DuckDB with the catalog views that SQL Server's
 * documentation describes, and rows in them. It takes the T-SQL of a session, which a parser of another maker reads. So it holds that
 * Ferry's queries are T-SQL, read no column that the documentation does not have, and make of documented rows what they should; what a
 * real server does with them, nothing here can tell.
 */
export interface SqlServerStandIn extends AsyncDisposable {
  session: SourceSession;
  /** DuckDB's SQL on the catalog views. */
  change(sql: string): Promise<void>;
  /** The T-SQL that it has been sent. */
  asked: string[];
  /** Happens before a statement is answered. */
  meanwhile?: ((sql: string) => Promise<void>) | undefined;
}

export async function startSqlServerStandIn(): Promise<SqlServerStandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry sqlserver ü '));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  for (const file of ['views.sql', 'objects.sql']) await connection.run(await readFile(fileOf(file), 'utf8'));
  await using starting = new AsyncDisposableStack();
  const parser = starting.use(await startParser());
  const asked: string[] = [];
  const relationOf = async (sql: string) => {
    asked.push(sql);
    await standIn.meanwhile?.(sql);
    return `(${await parser.toDuckdb(sql)})`;
  };
  const running = starting.move();
  const standIn: SqlServerStandIn = {
    session: sessionOn(connection, relationOf, folder),
    asked,
    change: async (sql) => void (await connection.run(sql)),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      connection.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return standIn;
}

/** What extractions use of a session. */
function sessionOn(
  connection: DuckDBConnection,
  relationOf: (sql: string) => Promise<string>,
  folder: string,
): SourceSession {
  const run = (_phase: string, sql: string) => connection.runAndReadAll(sql);
  const session = {
    outputFolder: join(folder, 'out'),
    dialect: sqlServerProfile,
    database: 'ämter',
    source: { type: 'odbc', odbc: { product: 'sqlserver', driver: 'x' } } as SourceConfig,
    server: {
      connectionId: '1',
      version: '16.0.4085.2',
      sqlMode: '',
      readOnly: undefined,
      superuser: undefined,
    },
    memoryLimitBytes: 256_000_000,
    transaction: <T>(work: () => Promise<T>) => work(),
    run,
    async askSource(phase: string, sql: string): Promise<SourceAnswer> {
      const reader = await run(phase, `SELECT * FROM ${await relationOf(sql)}`);
      return { names: reader.columnNames(), types: [], rows: reader.getRowsJS() as unknown[][] };
    },
    async streamSource({ sql, select = (relation) => `SELECT * FROM ${relation}` }: RowsQuery) {
      const result = await connection.stream(select(await relationOf(sql)));
      const columns = result.columnNames().map((name, at) => ({ name, type: `${result.columnType(at)}` }));
      return { columns, chunks: chunksOf(() => result.fetchChunk()) };
    },
  };
  // Nothing else of it is used: what is missing would be a TypeError.
  return session as unknown as SourceSession;
}

async function* chunksOf<Chunk extends { rowCount: number }>(fetch: () => Promise<Chunk | null>) {
  for (let chunk = await fetch(); chunk && chunk.rowCount > 0; chunk = await fetch()) yield chunk;
}

async function startParser(): Promise<{ toDuckdb(sql: string): Promise<string> } & AsyncDisposable> {
  const { python } = await sqlParserEnvironment();
  const child = spawn(python, ['-I', fileOf('transpile.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async toDuckdb(sql) {
      child.stdin.write(`${JSON.stringify(sql)}\n`);
      const line = await lines.next();
      if (line.done) throw new Error('The parser of SQL has ended.');
      const { content, error } = JSON.parse(line.value) as { content?: string; error?: string };
      if (content === undefined) throw new Error(`${error}\n${sql}`);
      return content;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
