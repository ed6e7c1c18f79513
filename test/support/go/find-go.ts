import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installTool } from '../tools/install/install-tool.ts';
import { machinePrograms } from '../tools/machine-programs.ts';
import type { Tool } from '../tools/tool.ts';

const run = promisify(execFile);

/** Compiles Go. From 1.21 on it fetches the release that a module asks for. */
const GO: Tool<'go'> = {
  name: 'go',
  title: 'Go',
  programs: ['go'],
  version: /^go version go1\.(2[1-9]|[3-9]\d)/,
  restartsItself: true,
  debian: {
    suite: 'sid',
    packages: ['golang-go'],
    // Nothing with C in it is compiled here.
    without: ['g++', 'gcc', 'libc6', 'libc6-dev', 'pkgconf'],
  },
};

/** The machine's Go if it is new enough, else Debian's, in `.cache`. `go` has a subcommand where others have `--version`. */
export async function findGo(): Promise<{ go: string; env: NodeJS.ProcessEnv }> {
  const own = machinePrograms(GO.programs);
  if (own) {
    const { stdout } = await run(own.go, ['version']).catch(() => ({ stdout: '' }));
    if (GO.version.test(stdout)) return { go: own.go, env: {} };
  }
  const { folder, programs } = await installTool(GO);
  const go = join(folder, programs.go as string);
  // It would look for its library by its place in Debian.
  return { go, env: { GOROOT: join(go, '..', '..') } };
}
