import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installTool } from './install/install-tool.ts';
import { placeForUser } from './install/place-for-user.ts';
import { reason } from './install/surroundings.ts';
import { machinePrograms } from './machine-programs.ts';
import { type InstalledTool, type Tool, type UnprivilegedUser, urlVariable } from './tool.ts';

const run = promisify(execFile);
const found = new Map<string, Promise<InstalledTool>>();

/**
 * A tool in a place where `user` can run it: what the variable names ({@link urlVariable}); else the machine's own, if it is of the version
 * that the tests were written for; else Debian's packages, unpacked into `.cache` on first use; else, where there is no apt, the machine's
 * own of another version.
 */
export function findTool<Program extends string>(
  tool: Tool<Program>,
  user?: UnprivilegedUser,
): Promise<InstalledTool<Program>> {
  const key = `${tool.name} ${user?.uid}`;
  const pending = found.get(key) ?? search(tool, user);
  found.set(key, pending);
  return pending;
}

async function search(tool: Tool, user: UnprivilegedUser | undefined): Promise<InstalledTool> {
  if (process.env[urlVariable(tool)]) return fetched(tool, user);
  const own = await machinesOwn(tool, user);
  if (own && tool.version.test(own.version)) return own;
  if (machinePrograms(['apt-get', 'dpkg'])) return fetched(tool, user);
  if (own && (tool.otherVersion ?? tool.version).test(own.version)) return own;
  throw new Error(
    `${tool.title} is needed for these tests, and there is no apt-get to fetch it with. ${otherWays(tool)}`,
  );
}

async function machinesOwn(
  { programs, machineFolders, files = [] }: Tool,
  user: UnprivilegedUser | undefined,
): Promise<InstalledTool | undefined> {
  const own = machinePrograms(programs, machineFolders);
  if (!own || !files.every((file) => existsSync(join('/', file)))) return undefined;
  const version = await versionOf(own[programs[0]] as string, user).catch(() => undefined);
  return version === undefined ? undefined : { version, root: '/', programs: own };
}

async function fetched(tool: Tool, user: UnprivilegedUser | undefined): Promise<InstalledTool> {
  try {
    const { folder, id, programs } = await installTool(tool);
    const first = programs[tool.programs[0]] as string;
    const runs = (root: string) => versionOf(join(root, first), user).then(Boolean, () => false);
    // Says why it does not start, which is not that it lies in a folder of somebody's.
    const version = await versionOf(join(folder, first));
    const root = await placeForUser(folder, `ferry-${tool.name}-${id}`, runs);
    const paths = Object.entries(programs).map(([name, path]) => [name, join(root, path)]);
    return { version, root, programs: Object.fromEntries(paths) };
  } catch (cause) {
    throw new Error(`${tool.title} could not be fetched: ${reason(cause)}. ${otherWays(tool)}`, { cause });
  }
}

function otherWays(tool: Tool): string {
  const install = `apt-get install ${tool.debian.packages.join(' ')}`;
  return `Install it (on Debian and Ubuntu: ${install}), or name an archive to unpack in ${urlVariable(tool)}: see CONTRIBUTING.md.`;
}

async function versionOf(program: string, user?: UnprivilegedUser): Promise<string> {
  const { stdout } = await run(program, ['--version'], { ...user, cwd: '/' });
  return stdout.trim();
}
