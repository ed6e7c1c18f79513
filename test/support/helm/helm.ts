import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../processes/lock.ts';
import { cache, reason } from '../tools/surroundings.ts';
import { findGo } from './go.ts';

const run = promisify(execFile);
const VERSION = 'v3.22.0';

/** Helm itself, compiled once from its source as Go's module proxy has it: minutes, or seconds where Go still has it compiled. */
export async function helmProgram(): Promise<string> {
  const folder = join(cache, 'helm', `${VERSION}-${process.arch}`);
  const program = join(folder, 'helm');
  if (existsSync(program)) return program;
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(program)) return;
    process.stderr.write(`Compiling Helm ${VERSION} …\n`);
    const draft = `${folder}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    const { go, env } = await findGo();
    const compile = ['install', '-trimpath', '-ldflags=-s -w', `helm.sh/helm/v3/cmd/helm@${VERSION}`];
    try {
      await run(go, compile, {
        cwd: draft,
        env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'auto', ...env, GOBIN: draft },
      });
    } catch (error) {
      throw new Error(`Helm could not be compiled: ${reason(error)}`, { cause: error });
    }
    await rename(draft, folder);
  });
  return program;
}
