import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BoundProcess, freePort, spawnBound } from '../processes/bound-process.ts';
import { findTool } from '../tools/find-tool.ts';
import { PGBOUNCER } from '../tools/servers/pgbouncer.ts';
import { acceptsPostgres } from './accepts-postgres.ts';
import { unprivilegedUser } from './postgres-binaries.ts';
import type { PostgresServer } from './postgres-server.ts';

/** A running PgBouncer, through which the logins of its server sign in. */
export interface PgBouncer extends AsyncDisposable {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** What it printed, such as `closing because: unsupported startup parameter`. */
  log(): string;
  stop(): Promise<void>;
}

const host = '127.0.0.1';

/**
 * Starts a PgBouncer in front of a server. As root it runs as `nobody`. It ends with this process, even if that is killed.
 *
 * @param options.poolMode for how long a client keeps a connection of the server
 * @param options.logins passwords of further users, by name
 */
export async function startPgBouncer(
  server: PostgresServer,
  options: {
    poolMode: 'session' | 'transaction' | 'statement';
    logins?: Readonly<Record<string, string>>;
    poolSize?: number;
  },
): Promise<PgBouncer> {
  const serverUser = unprivilegedUser();
  const { programs } = await findTool(PGBOUNCER, serverUser);
  const folder = mkdtempSync(join(tmpdir(), 'ferry-pgbouncer-'));
  chmodSync(folder, 0o700);
  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (serverUser) chownSync(file, serverUser.uid, serverUser.gid);
    return file;
  };
  if (serverUser) chownSync(folder, serverUser.uid, serverUser.gid);
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const { user, password, database } = server;
  const logins = { [user]: password, ...options.logins };
  // In plain text, as PgBouncer must itself sign in with them.
  const users = write(
    'userlist.txt',
    Object.entries(logins)
      .map(([name, password]) => `${quote(name)} ${quote(password)}\n`)
      .join(''),
  );
  const logFile = write('pgbouncer.log', '');

  const launch = async (): Promise<{ process: BoundProcess; port: number }> => {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      // No ignore_startup_parameters: what it does not know is refused.
      const config = write(
        'pgbouncer.ini',
        `[databases]
* = host=${server.host} port=${server.port}
[pgbouncer]
listen_addr = ${host}
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = ${options.poolMode}
default_pool_size = ${options.poolSize ?? 20}
server_tls_sslmode = disable
`,
      );
      const process = await spawnBound(programs.pgbouncer, [config], {
        cwd: folder,
        env: { LC_ALL: 'C', TZ: 'UTC' },
        logFile,
        user: serverUser,
        folder,
      });
      if (await acceptsPostgres(process, { host, port, user, password, database }, 10_000))
        return { process, port };
      const log = `${process.logTail()}\n(It ${process.state()}.)`;
      const portTaken = process.hasEnded() && /Address already in use/.test(log);
      await process.stop('SIGKILL', 500);
      if (!portTaken || attempt === 3) throw new Error(`PgBouncer did not start:\n${log}`);
    }
  };
  try {
    const { process, port } = await launch();
    const stop = async () => {
      await process.stop('SIGKILL', 500);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    };
    return {
      host,
      port,
      user,
      password,
      database,
      log: () => process.logTail(),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
