import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PROJECT_EXTENSIONS } from '../../cli/local/session-options.ts';
import { findExtension } from '../../shared/duckdb/extensions.ts';
import type { MysqlServer } from '../../test/support/servers/mysql-server.ts';
import type { PostgresServer } from '../../test/support/servers/postgres-server.ts';

const run = promisify(execFile);
const DUCKDB_ALONE = fileURLToPath(new URL('./duckdb-alone.ts', import.meta.url));
const PEERS = fileURLToPath(new URL('./peers.py', import.meta.url));

/** One way to bring a table into a Parquet file, or, for a floor, only to read it. */
export interface Contender {
  name: string;
  kind: 'floor' | 'peer' | 'ferry';
  command: readonly [string, ...string[]];
  environment?: Readonly<Record<string, string>>;
  /** The file that it writes; absent for a floor, and for what uploads it. */
  file?: string;
  /** Whether it uploads its file, as Ferry does. */
  uploads?: true;
  /** When to stop a program that would run on. */
  until?: {
    /** Called before it is started. */
    begin: () => Promise<void>;
    isDone: () => boolean;
    /** How long it does nothing at first; this is subtracted. */
    waitSeconds: number;
    /** When it has failed. */
    giveUpSeconds: number;
  };
}

/**
 * The ways to read a table of Postgres, other than Ferry's own.
 *
 * @param python an interpreter with the peers' packages; undefined: none of them
 */
export async function postgresContenders(
  server: PostgresServer,
  { table, folder }: { table: string; folder: string },
  python: string | undefined,
): Promise<Contender[]> {
  const url = `postgresql://${server.user}:${server.password}@${server.host}:${server.port}/${server.database}`;
  const { host, port, user, password, database } = server;
  const libpq = `host=${host} port=${port} user=${user} password=${password} dbname=${database}`;
  return [
    ...(await floor('psql', [
      'psql',
      url,
      '-qc',
      `\\copy (SELECT * FROM ${table}) TO /dev/null WITH (FORMAT binary)`,
    ])),
    duckdbAlone('postgres', libpq, { table, folder, extension: 'postgres_scanner' }),
    ...['connectorx', 'adbc', 'dlt'].flatMap((peer) => pythonPeer(python, peer, { url, table, folder })),
  ];
}

/**
 * The ways to read a table of MariaDB or MySQL, other than Ferry's own.
 *
 * @param python an interpreter with the peers' packages; undefined: none of them
 */
export async function mysqlContenders(
  server: MysqlServer,
  { table, folder }: { table: string; folder: string },
  python: string | undefined,
): Promise<Contender[]> {
  const { host, port, user, password, database } = server;
  const url = `mysql://${user}:${password}@${host}:${port}/${database}`;
  const client = [`-h${host}`, `-P${port}`, `-u${user}`, `--password=${password}`, database];
  const toNowhere = ['sh', '-c', 'exec mariadb "$@" > /dev/null', 'sh'] as const;
  return [
    ...(await floor('mariadb', [...toNowhere, ...client, '-q', '--batch', '-e', `SELECT * FROM ${table}`])),
    duckdbAlone('mysql', `host=${host} port=${port} user=${user} password=${password} database=${database}`, {
      table,
      folder,
      extension: 'mysql_scanner',
    }),
    ...pythonPeer(python, 'connectorx', { url, table, folder }),
  ];
}

async function floor(program: string, command: readonly [string, ...string[]]): Promise<Contender[]> {
  const isThere = await run(program, ['--version']).then(Boolean, () => false);
  if (isThere) return [{ name: `${program} to nowhere`, kind: 'floor', command }];
  process.stderr.write(`Without a floor: ${program} is not on this machine.\n`);
  return [];
}

function duckdbAlone(
  type: string,
  connection: string,
  { table, folder, extension }: { table: string; folder: string; extension: string },
): Contender {
  const file = join(folder, 'duckdb.parquet');
  const library = findExtension(extension, [PROJECT_EXTENSIONS]);
  return {
    name: 'DuckDB alone',
    kind: 'peer',
    command: [process.execPath, DUCKDB_ALONE, type, connection, table, file, library],
    file,
  };
}

function pythonPeer(
  python: string | undefined,
  peer: string,
  { url, table, folder }: { url: string; table: string; folder: string },
): Contender[] {
  if (python === undefined || !existsSync(python)) return [];
  const file = join(folder, `${peer}.parquet`);
  // dlt calls home, and names its files itself.
  const environment = { RUNTIME__DLTHUB_TELEMETRY: 'false', DO_NOT_TRACK: '1' };
  const command = [python, PEERS, peer, url, table, file] as const;
  return [{ name: peer, kind: 'peer', command, environment, ...(peer === 'dlt' ? {} : { file }) }];
}
