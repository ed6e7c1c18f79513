import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findTool } from '../tools/find-tool.ts';
import { MARIADB } from '../tools/servers/mariadb.ts';
import { MYSQL } from '../tools/servers/mysql.ts';
import type { UnprivilegedUser } from '../tools/tool.ts';

/** The two servers that speak MySQL's protocol. */
export type MysqlFlavor = 'mariadb' | 'mysql';

/** A program and the arguments that come first. */
export type CommandStart = readonly [program: string, ...args: string[]];

/** How to run a server. Neither command reads the machine's option files. */
export interface MysqlBinaries {
  /** Such as `10.11.19-MariaDB-0+deb12u1`; a data folder fits one version. */
  version: string;
  /** Starts the server. */
  server: CommandStart;
  /** Fills a new data folder, in which `root@localhost` has no password. */
  createData: CommandStart;
}

/** The server of a flavor, in a place where `user` can run it. It is fetched on first use; parallel workers wait for one another. */
export async function mysqlBinaries(
  flavor: MysqlFlavor,
  user: UnprivilegedUser | undefined,
): Promise<MysqlBinaries> {
  return flavor === 'mariadb' ? mariadbBinaries(user) : oraclesBinaries(user);
}

async function oraclesBinaries(user: UnprivilegedUser | undefined): Promise<MysqlBinaries> {
  const { version, programs } = await findTool(MYSQL, user);
  // The folder for files that was built in does not exist here, and the server does not start without it.
  const server = [programs.mysqld, ...places(programs.mysqld), '--secure-file-priv=NULL'] as const;
  return { version: versionIn(version), server, createData: [...server, '--initialize-insecure'] };
}

async function mariadbBinaries(user: UnprivilegedUser | undefined): Promise<MysqlBinaries> {
  const { version, programs } = await findTool(MARIADB, user);
  const server = [programs.mariadbd, ...places(programs.mariadbd)] as const;
  const sql = share(programs.mariadbd);
  return {
    version: versionIn(version),
    server,
    createData: ['/bin/sh', '-ec', CREATE_MARIADB_DATA, 'sh', sql, ...server, '--bootstrap'],
  };
}

// What MariaDB's own script (mariadb-install-db) does, which works in no folder with a space in its name.
const CREATE_MARIADB_DATA = `
sql=$1
shift
for option; do
  case $option in --datadir=*) mkdir -p "\${option#*=}" ;; esac
done
{
  # Each on a line of its own, as the server reads them here.
  printf '%s;\\n' 'CREATE DATABASE IF NOT EXISTS mysql' 'USE mysql' 'SET @auth_root_socket = NULL'
  for name in system_tables performance_tables system_tables_data; do
    if [ -e "$sql/mysql_$name.sql" ]; then cat "$sql/mysql_$name.sql"; else cat "$sql/mariadb_$name.sql"; fi
  done
  cat "$sql"/fill_help_tables.sql "$sql"/maria_add_gis_sp_bootstrap.sql "$sql"/m*_sys_schema.sql
} | "$@" --log-warnings=0 --enforce-storage-engine= --max-allowed-packet=8M --net-buffer-length=16K >/dev/null`;

/** Options that tell a server where its own files are, which it would look for where it was built for. */
function places(program: string): string[] {
  const usr = dirname(dirname(program));
  const plugins = firstThat(
    ['lib/mysql/plugin', 'lib64/mysql/plugin', 'lib/plugin'].map((path) => join(usr, path)),
  );
  return [
    '--no-defaults',
    `--basedir=${usr}`,
    `--plugin-dir=${plugins}`,
    `--lc-messages-dir=${share(program)}`,
    `--character-sets-dir=${join(share(program), 'charsets')}`,
  ];
}

function share(program: string): string {
  const usr = dirname(dirname(program));
  // The archives of both makers do without the folder of their name.
  return firstThat(
    ['share/mysql', 'share/mariadb', 'share'].map((path) => join(usr, path)),
    'charsets',
  );
}

function firstThat(folders: readonly string[], holds = ''): string {
  return folders.find((folder) => existsSync(join(folder, holds))) ?? (folders[0] as string);
}

function versionIn(printed: string): string {
  return /Ver (\S+)/.exec(printed)?.[1] ?? printed;
}
