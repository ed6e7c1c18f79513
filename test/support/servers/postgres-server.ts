import { execFile, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type BoundProcess, freePort, spawnBound } from '../processes/bound-process.ts';
import type { OtherPostgres } from '../tools/servers/other-postgres.ts';
import { acceptsPostgres } from './accepts-postgres.ts';
import { cacheFolder, copyData, dataTemplate } from './data-template.ts';
import { postgresBinaries, type UnprivilegedUser, unprivilegedUser } from './postgres-binaries.ts';
import { scramVerifier } from './scram-verifier.ts';

/** What kind of server {@link startPostgres} starts. */
export interface PostgresOptions {
  /** The npm package's Postgres 18, another version by its number, or a folder such as `/usr/lib/postgresql/15/bin`. @default embedded */
  binaries?: 'embedded' | OtherPostgres | (string & {});
  /** The superuser's password, any text. @default ferry */
  password?: string;
  /** How a client over TCP proves who it is. @default scram-sha-256 */
  authMethod?: 'scram-sha-256' | 'md5' | 'password' | 'trust' | 'reject';
  /** Certificate and key, as PEM: makes the server offer TLS, and does not demand it (that takes a line in `hba`). */
  tls?: { cert: string; key: string };
  /** Lines of pg_hba.conf that come before the default ones. */
  hba?: readonly string[];
  /** What its messages are in, such as `fr`. Only of binaries that bring translations: not of the embedded ones. */
  language?: string;
  /** Variables of the server. */
  environment?: Readonly<Record<string, string>>;
  /** Settings of postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
  /** Makes this a streaming standby of that server, which must run the same binaries; they must bring pg_basebackup. */
  standbyOf?: PostgresServer;
  /** A folder that is kept on stop, and used again if it holds a data folder. @default a temporary one */
  folder?: string;
}

/** A running server, whose superuser is `user`. */
export interface PostgresServer extends AsyncDisposable {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** `postgres://…`, with the password percent-encoded. */
  connectionUrl: string;
  /** Such as `18.4`. */
  version: string;
  /** The folder of postgresql.conf. */
  dataFolder: string;
  /** The server's log. */
  logFile: string;
  /** The process id of the server's main process. */
  pid: number;
  /** Runs SQL as the superuser through the unix socket, which no `hba` line and no TLS setting gets in the way of. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
  /** Ends the server within three seconds and removes its data. */
  stop(): Promise<void>;
}

const run = promisify(execFile);
const host = '127.0.0.1';
const user = 'postgres';
const database = 'postgres';
const LETTERS = 'C.UTF-8';

/**
 * Starts a Postgres server of one's own on a free port of 127.0.0.1. It ends with this process, even if that is killed.
 * As root it runs as `nobody`.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { password = 'ferry', binaries = 'embedded' } = options;
  const serverUser = unprivilegedUser();
  const bin = await postgresBinaries(binaries, serverUser);
  // The socket needs a short path (107 bytes), so it is never in the caller's folder.
  const temporary = mkdtempSync(join(tmpdir(), 'ferry-pg-'));
  own(temporary, serverUser);
  const base = options.folder ?? temporary;
  mkdirSync(base, { recursive: true });
  if (options.folder && serverUser) own(base, serverUser);
  const dataFolder = join(base, 'data');
  const logFile = join(base, 'postgres.log');

  try {
    if (options.standbyOf) copyCluster(bin, dataFolder, options.standbyOf, serverUser);
    else if (!existsSync(join(dataFolder, 'PG_VERSION')))
      await copyData(await clusterTemplate(bin, serverUser), dataFolder, serverUser);
    configure(dataFolder, temporary, options, serverUser);
    const { process: server, port } = await launch(
      bin,
      dataFolder,
      temporary,
      logFile,
      serverUser,
      serverEnvironment(options),
    );

    const pool = new pg.Pool({ host: temporary, port, user, database, max: 4 });
    // An idle connection that a test ends on purpose must not end the test run.
    pool.on('error', () => undefined);
    // A standby has the passwords of its primary.
    if (!options.standbyOf) await setPassword(pool, password, options.authMethod);
    const { rows } = await pool.query<{ version: string }>(
      "SELECT current_setting('server_version') AS version",
    );

    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= (async () => {
        // Fast shutdown: connections are ended, nothing is waited for.
        await Promise.all([pool.end().catch(() => undefined), server.stop('SIGINT', 2_000)]);
        rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      })();
      return stopped;
    };
    return {
      host,
      port,
      user,
      password,
      database,
      connectionUrl: `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`,
      version: rows[0]?.version.split(' ')[0] ?? '',
      dataFolder,
      logFile,
      pid: server.pid,
      query: (sql, params) => pool.query(sql, params && [...params]),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

function own(folder: string, serverUser: UnprivilegedUser | undefined): void {
  chmodSync(folder, 0o700);
  if (serverUser) chownSync(folder, serverUser.uid, serverUser.gid);
}

const templates = new Map<string, Promise<string>>();

/** A new cluster in `.cache` as a version makes it. Parallel workers wait for one another. */
function clusterTemplate(bin: string, serverUser: UnprivilegedUser | undefined): Promise<string> {
  const pending = templates.get(bin) ?? makeTemplate(bin, serverUser);
  templates.set(bin, pending);
  pending.catch(() => templates.delete(bin));
  return pending;
}

async function makeTemplate(bin: string, serverUser: UnprivilegedUser | undefined): Promise<string> {
  const { stdout } = await run(join(bin, 'postgres'), ['--version'], { ...serverUser, cwd: '/' });
  const args = ['--username', user, '--encoding', 'UTF8', '--locale', 'C', '--auth', 'trust', '--no-sync'];
  return dataTemplate({
    folder: join(cacheFolder, 'postgres', 'data'),
    name: 'cluster',
    madeFrom: [stdout.trim(), ...args],
    serverUser,
    make: async (dataFolder, folder) => {
      await run(join(bin, 'initdb'), ['-D', dataFolder, ...args], {
        ...serverUser,
        cwd: folder,
        env: environment(),
      });
    },
  });
}

/** Also writes what makes the copy follow its primary (standby.signal, primary_conninfo). */
function copyCluster(
  bin: string,
  dataFolder: string,
  primary: PostgresServer,
  serverUser: UnprivilegedUser | undefined,
): void {
  const args = [
    '-D',
    dataFolder,
    '-d',
    primary.connectionUrl,
    '-X',
    'stream',
    '-R',
    '--checkpoint=fast',
    '--no-sync',
  ];
  const options = { ...serverUser, cwd: '/', env: environment(), encoding: 'utf8' } as const;
  const { status, stderr, error } = spawnSync(join(bin, 'pg_basebackup'), args, options);
  if (status !== 0) throw new Error(`pg_basebackup failed: ${error?.message ?? stderr.trim()}`);
}

/** A server gets none of this process's PG… variables and uses English, so that tests can read its messages. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}

function serverEnvironment({ language, environment: variables }: PostgresOptions): NodeJS.ProcessEnv {
  const { LC_ALL, ...others } = environment();
  // Of a language that is no locale's of the machine, in which the server's messages are translated anyway.
  return {
    ...others,
    ...(language === undefined ? { LC_ALL } : { LC_CTYPE: LETTERS, LANGUAGE: language }),
    ...variables,
  };
}

function configure(
  dataFolder: string,
  socketFolder: string,
  options: PostgresOptions,
  serverUser: UnprivilegedUser | undefined,
): void {
  const { binaries, tls, hba = [], settings = {}, language, authMethod = 'scram-sha-256' } = options;
  const write = (name: string, text: string) => {
    const file = join(dataFolder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (serverUser) chownSync(file, serverUser.uid, serverUser.gid);
  };
  if (tls) {
    write('server.crt', tls.cert);
    write('server.key', tls.key);
  }
  const all: Record<string, string> = {
    listen_addresses: host,
    unix_socket_directories: `"${socketFolder}"`,
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    // Compiling takes longer than what tests ask. Postgres 10 cannot.
    ...(binaries === 10 ? {} : { jit: 'off' }),
    ssl: tls ? 'on' : 'off',
    password_encryption: authMethod === 'md5' ? 'md5' : 'scram-sha-256',
    // Any but that of C, which has no other language.
    ...(language === undefined ? {} : { lc_messages: LETTERS }),
    ...settings,
  };
  const quote = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  // A separate file, because the folder may be used again: the last value of a setting wins.
  write(
    'ferry.conf',
    `${Object.entries(all)
      .map(([key, value]) => `${key} = ${quote(value)}`)
      .join('\n')}\n`,
  );
  const main = join(dataFolder, 'postgresql.conf');
  const include = "include 'ferry.conf'";
  if (!readFileSync(main, 'utf8').includes(include)) appendFileSync(main, `\n${include}\n`);
  const lines = [
    'local all all trust',
    ...hba,
    `host all all all ${authMethod}`,
    `host replication all all ${authMethod}`,
  ];
  write('pg_hba.conf', `${lines.join('\n')}\n`);
}

/** Starts the server; a port that somebody else took in the meantime is replaced by another. */
async function launch(
  bin: string,
  dataFolder: string,
  socketFolder: string,
  logFile: string,
  serverUser: UnprivilegedUser | undefined,
  env: NodeJS.ProcessEnv,
): Promise<{ process: BoundProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    writeFileSync(logFile, '');
    const server = await spawnBound(join(bin, 'postgres'), ['-D', dataFolder, '-p', String(port)], {
      cwd: dataFolder,
      env,
      logFile,
      user: serverUser,
      // QUIT lets it free its shared memory, which KILL does not.
      lastSignal: 'QUIT',
      folder: socketFolder,
    });
    if (await acceptsPostgres(server, { host: socketFolder, port, user, database }, 20_000))
      return { process: server, port };
    const log = `${server.logTail()}\n(It ${server.state()}.)`;
    const portTaken = server.hasEnded() && /could not bind|could not create any TCP/.test(log);
    await server.stop('SIGQUIT', 500);
    if (portTaken && attempt < 3) continue;
    throw new Error(`Postgres did not start:\n${log}`);
  }
}

async function setPassword(pool: pg.Pool, password: string, authMethod?: string): Promise<void> {
  const stored = authMethod !== 'md5' && /^[ -~]+$/.test(password) ? scramVerifier(password) : password;
  const encryption = authMethod === 'md5' ? 'md5' : 'scram-sha-256';
  await pool.query(
    `SET password_encryption = '${encryption}'; ALTER ROLE ${user} PASSWORD ${pg.escapeLiteral(stored)}`,
  );
}
