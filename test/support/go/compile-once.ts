import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../processes/lock.ts';
import { cache, reason } from '../tools/install/surroundings.ts';
import { findGo } from './find-go.ts';

const run = promisify(execFile);

/** Runs a command in a folder of the compilation; `go` is Go itself. */
export type RunGo = (command: string, args: readonly string[], folder?: string) => Promise<void>;

/** For Go's `-ldflags`: without what only a debugger needs. */
export const SMALL = '-ldflags=-s -w';

/**
 * A program that is compiled once, from source that Go's module proxy has: minutes, or seconds where Go still has it
 * compiled.
 *
 * @param compile leaves it in the folder that it gets, by its name
 * @returns its path, in `.cache`
 */
export async function compileOnce(
  { name, version }: { name: string; version: string },
  compile: (run: RunGo, folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name, `${version}-${process.arch}`);
  const program = join(folder, name);
  if (existsSync(program)) return program;
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(program)) return;
    process.stderr.write(`Compiling ${name} ${version} …\n`);
    const draft = `${folder}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    const { go, env } = await findGo();
    // Programs that call Go find the same one.
    const path = `${join(go, '..')}:${process.env.PATH}`;
    const variables = {
      ...process.env,
      CGO_ENABLED: '0',
      GOTOOLCHAIN: 'auto',
      ...env,
      PATH: path,
      GOBIN: draft,
    };
    try {
      await compile(async (command, args, cwd = draft) => {
        await run(command === 'go' ? go : command, [...args], { cwd, env: variables });
      }, draft);
    } catch (error) {
      throw new Error(`${name} could not be compiled: ${reason(error)}`, { cause: error });
    }
    await rename(draft, folder);
  });
  return program;
}
