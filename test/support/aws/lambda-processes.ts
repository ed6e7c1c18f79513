import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Kills the processes in which MiniStack runs a function, as a lack of memory would. Throws when there are none. */
export async function killLambda(functionName: string): Promise<void> {
  // The script that MiniStack starts is in a folder that has the function's name in its own.
  const processes = (await commandLines()).filter((line) =>
    line.includes(`/ministack-lambda-${functionName}-`),
  );
  if (processes.length === 0) throw new Error(`No process runs ${functionName}.`);
  for (const line of processes) process.kill(Number.parseInt(line, 10), 'SIGKILL');
}

/** Of all processes, each after its process id. */
async function commandLines(): Promise<string[]> {
  if (!existsSync('/proc/self/cmdline')) {
    const { stdout } = await run('ps', ['-axo', 'pid=,args=']);
    return stdout.split('\n');
  }
  // A small Linux has no `ps`.
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    ids.map(async (id) => `${id} ${await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')}`),
  );
}
