import { execFile } from 'node:child_process';
import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import { type BoundProcess, freePort, spawnBound } from '../processes/bound-process.ts';
import { startPatience } from '../processes/patience.ts';
import { cacheFolder, copyData, dataTemplate, temporaryFolder } from './data-template.ts';
import { type MysqlBinaries, type MysqlFlavor, mysqlBinaries } from './mysql-binaries.ts';
import { type UnprivilegedUser, unprivilegedUser } from './postgres-binaries.ts';

/** What kind of server {@link startMysql} starts. */
export interface MysqlOptions {
  /** @default mariadb */
  flavor?: MysqlFlavor;
  /** The login's password, any text. @default ferry */
  password?: string;
  /**
   * How the login proves who it is.
   * @default mysql_native_password for MariaDB, caching_sha2_password for MySQL
   */
  authPlugin?: 'mysql_native_password' | 'ed25519' | 'caching_sha2_password' | (string & {});
  /** Certificate and key, as PEM: makes the server offer TLS, and does not demand it (`require_secure_transport` does). */
  tls?: { cert: string; key: string; ca?: string };
  /** System variables, such as `sql_mode`; they win over those chosen here. */
  settings?: Readonly<Record<string, string>>;
}

/** A running server. */
export interface MysqlServer extends AsyncDisposable {
  flavor: MysqlFlavor;
  host: string;
  port: number;
  /** A login from anywhere that may do everything. */
  user: string;
  password: string;
  /** An empty database whose tables are utf8mb4. */
  database: string;
  /** Such as `10.11.19`. */
  version: string;
  dataFolder: string;
  /** The server's log. */
  logFile: string;
  /** The process id of the server. */
  pid: number;
  /**
   * Runs SQL as the superuser through the unix socket, which no login and no TLS setting gets in the way of. Each call has
   * its own session, and may hold several statements. Dates, decimals and 64-bit integers come as strings.
   */
  query<Result extends mysql.QueryResult = mysql.RowDataPacket[]>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<Result>;
  /** Kills the server, whatever it is doing, and removes its data. */
  stop(): Promise<void>;
}

const run = promisify(execFile);
const host = '127.0.0.1';
const user = 'ferry';
const database = 'ferry';

// For both flavors, and for making data as well as for serving them: nothing outlives a crash, little memory.
const frugal = [
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--innodb-doublewrite=OFF',
  // The number of asynchronous requests is limited for the whole machine, and many servers run at a time.
  '--innodb-use-native-aio=OFF',
  '--innodb-buffer-pool-size=64M',
  '--performance-schema=OFF',
  '--skip-log-bin',
];
const frugalByFlavor: Record<MysqlFlavor, readonly string[]> = {
  mariadb: ['--innodb-log-file-size=32M'],
  mysql: ['--innodb-redo-log-capacity=32M', '--auto-generate-certs=OFF'],
};
// These must be the same when the data are made and when they are served.
const boundToData = ['lower_case_table_names', 'innodb_page_size', 'innodb_data_file_path'];

// MariaDB brings these as libraries, the others are built in.
const mariadbLibraries: Readonly<Record<string, string>> = { ed25519: 'auth_ed25519', parsec: 'auth_parsec' };

/**
 * Starts a server of one's own on a free port of 127.0.0.1. It ends with this process, even if that is killed.
 * As root it runs as `nobody`. The first start of all makes the data that later ones copy, and fetches MySQL.
 */
export async function startMysql(options: MysqlOptions = {}): Promise<MysqlServer> {
  const { flavor = 'mariadb', password = 'ferry' } = options;
  const serverUser = unprivilegedUser();
  const binaries = await mysqlBinaries(flavor, serverUser);
  const template = await flavorTemplate(flavor, binaries, options, serverUser);
  const folder = temporaryFolder('ferry-mysql-', serverUser);
  const dataFolder = join(folder, 'data');
  const socketPath = join(folder, 'socket');
  const logFile = join(folder, 'server.log');

  try {
    await copyData(template, dataFolder, serverUser);
    const args = serverArgs(flavor, folder, options, serverUser);
    const { process: server, port } = await launch(binaries, args, folder, logFile, serverUser);
    const version = await setUpLogin(socketPath, flavor, password, options.authPlugin).catch(
      async (cause) => {
        await server.stop('SIGKILL', 1_000);
        throw new Error(`The test server could not be set up: ${(cause as Error).message}`, { cause });
      },
    );

    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= (async () => {
        // None of the data is kept, so there is nothing to shut down in order, which takes MySQL a second.
        await server.stop('SIGKILL', 1_000);
        rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      })();
      return stopped;
    };
    return {
      flavor,
      host,
      port,
      user,
      password,
      database,
      version,
      dataFolder,
      logFile,
      pid: server.pid,
      async query<Result extends mysql.QueryResult = mysql.RowDataPacket[]>(
        sql: string,
        params?: readonly unknown[],
      ) {
        const connection = await connect(socketPath, database);
        try {
          const [result] = await connection.query<Result>(sql, params && [...params]);
          return result;
        } finally {
          await connection.end().catch(() => undefined);
        }
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A new data folder as this version and flavor makes it. */
function flavorTemplate(
  flavor: MysqlFlavor,
  { version, createData }: MysqlBinaries,
  { settings = {} }: MysqlOptions,
  serverUser: UnprivilegedUser | undefined,
): Promise<string> {
  const bound = Object.entries(settings).filter(([name]) => boundToData.includes(name.replaceAll('-', '_')));
  const args = [...createData.slice(1), ...frugal, ...frugalByFlavor[flavor], ...settingArgs(bound)];
  return dataTemplate({
    folder: join(cacheFolder, 'mysql', 'data'),
    name: flavor,
    // The program's own place is no part of it, because the same version makes the same data anywhere.
    madeFrom: [version, ...frugal, ...frugalByFlavor[flavor], ...settingArgs(bound)],
    serverUser,
    make: async (dataFolder, folder) => {
      await run(createData[0], [...args, `--datadir=${dataFolder}`, `--tmpdir=${folder}`], {
        ...serverUser,
        cwd: folder,
        env: environment(),
      });
      // The identity of a server, of which each makes its own.
      await rm(join(dataFolder, 'auto.cnf'), { force: true });
    },
  });
}

/** A server gets none of this process's variables, and uses English, so that tests can read its messages. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}

function settingArgs(settings: Iterable<readonly [string, string]>): string[] {
  return [...settings].map(([name, value]) => `--${name}=${value}`);
}

function serverArgs(
  flavor: MysqlFlavor,
  folder: string,
  { tls, authPlugin, settings = {} }: MysqlOptions,
  serverUser: UnprivilegedUser | undefined,
): string[] {
  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (serverUser) chownSync(file, serverUser.uid, serverUser.gid);
    return file;
  };
  const args = [
    `--datadir=${join(folder, 'data')}`,
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'server.pid')}`,
    `--tmpdir=${folder}`,
    `--bind-address=${host}`,
    // A login at `localhost` is then one through the socket, never one over TCP from 127.0.0.1.
    '--skip-name-resolve',
    ...frugal,
    ...frugalByFlavor[flavor],
  ];
  if (tls) {
    args.push(`--ssl-cert=${write('server.crt', tls.cert)}`, `--ssl-key=${write('server.key', tls.key)}`);
    if (tls.ca) args.push(`--ssl-ca=${write('ca.crt', tls.ca)}`);
  } else {
    // MySQL has no switch for it any more; MariaDB offers TLS unasked from 11.4 on.
    args.push(flavor === 'mysql' ? '--tls-version=' : '--skip-ssl');
  }
  // Its second protocol has its own port, which would be the same for all servers.
  if (flavor === 'mysql') args.push('--mysqlx=OFF');
  const library = flavor === 'mariadb' && mariadbLibraries[authPlugin ?? ''];
  if (library) args.push(`--plugin-load-add=${library}`);
  return [...args, ...settingArgs(Object.entries(settings))];
}

/** Starts the server. A port that somebody else took in the meantime is replaced by another. */
async function launch(
  { server: [program, ...firstArgs] }: MysqlBinaries,
  args: readonly string[],
  folder: string,
  logFile: string,
  serverUser: UnprivilegedUser | undefined,
): Promise<{ process: BoundProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    writeFileSync(logFile, '');
    const server = await spawnBound(program, [...firstArgs, ...args, `--port=${port}`], {
      cwd: folder,
      env: environment(),
      logFile,
      user: serverUser,
      folder,
    });
    if (await isReady(server, join(folder, 'socket'))) return { process: server, port };
    const log = `${server.logTail()}\n(It ${server.state()}.)`;
    const portTaken = server.hasEnded() && /Bind on TCP\/IP port/.test(log);
    await server.stop('SIGKILL', 1_000);
    if (attempt === 3 || !portTaken) throw new Error(`The test server did not start:\n${log}`);
  }
}

async function isReady(server: BoundProcess, socketPath: string): Promise<boolean> {
  const goesOn = startPatience(60_000);
  while (!server.hasEnded() && goesOn()) {
    try {
      await (await connect(socketPath)).end();
      return true;
    } catch {
      await Promise.race([sleep(25), server.ended]);
    }
  }
  return false;
}

async function connect(socketPath: string, database?: string): Promise<mysql.Connection> {
  const connection = await mysql.createConnection({
    socketPath,
    user: 'root',
    ...(database && { database }),
    charset: 'utf8mb4',
    multipleStatements: true,
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    // By default mysql2 adds IGNORE_SPACE to the sql_mode, so that it would not be the server's.
    flags: ['-IGNORE_SPACE'],
  });
  // A server that a test ends on purpose must not end the test run.
  connection.on('error', () => undefined);
  return connection;
}

/** Makes the login and its database, and returns the server's version. */
async function setUpLogin(
  socketPath: string,
  flavor: MysqlFlavor,
  password: string,
  authPlugin?: string,
): Promise<string> {
  const connection = await connect(socketPath);
  // mysql2 writes a text with backslashes and quotes as the default mode reads them.
  await connection.query("SET SESSION sql_mode = ''");
  // MariaDB lets root in over TCP as well, without a password.
  const [superusers] = await connection.query<mysql.RowDataPacket[]>(
    "SELECT User AS name, Host AS host FROM mysql.user WHERE User = 'root' AND Host <> 'localhost'",
  );
  for (const { name, host } of superusers) await connection.query('DROP USER ?@?', [name, host]);

  await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  await connection.query(
    flavor === 'mariadb'
      ? "CREATE USER ?@'%' IDENTIFIED VIA ?? USING PASSWORD(?)"
      : "CREATE USER ?@'%' IDENTIFIED WITH ?? BY ?",
    [
      user,
      authPlugin ?? (flavor === 'mariadb' ? 'mysql_native_password' : 'caching_sha2_password'),
      password,
    ],
  );
  await connection.query("GRANT ALL PRIVILEGES ON *.* TO ?@'%' WITH GRANT OPTION", [user]);
  const [rows] = await connection.query<mysql.RowDataPacket[]>('SELECT VERSION() AS version');
  await connection.end();
  return /^[\d.]+/.exec(String(rows[0]?.version))?.[0] ?? '';
}
