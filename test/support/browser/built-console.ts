import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleConsole } from '../../../infra/code/bundle-console.ts';

let built: Promise<string> | undefined;

/** The console's files, built once for each worker, in a folder that goes with the others of the tests. */
export function builtConsole(): Promise<string> {
  built ??= mkdtemp(join(tmpdir(), 'ferry-console-')).then(async (folder) => {
    await bundleConsole(folder);
    return folder;
  });
  return built;
}
