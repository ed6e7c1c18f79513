import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Kills the processes in which MiniStack runs a function, as a lack of memory would. Throws when there are none. */
export async function killLambda(functionName: string): Promise<void> {
  const { stdout } = await run('ps', ['-axo', 'pid=,args=']);
  // The script that MiniStack starts is in a folder that has the function's name in its own.
  const processes = stdout.split('\n').filter((line) => line.includes(`/ministack-lambda-${functionName}-`));
  if (processes.length === 0) throw new Error(`No process runs ${functionName}.`);
  for (const line of processes) process.kill(Number.parseInt(line, 10), 'SIGKILL');
}
