import type { CliContext } from '../../../cli/cli-context.ts';
import { sleep } from '../../../shared/sleep.ts';

/** Surroundings of a command run within a test, and what it left in them. */
export interface TestCliContext extends CliContext {
  output: { stdout: string; stderr: string; exitCode: number };
}

/** Surroundings whose output can be looked at; without an environment. */
export function createTestCliContext(folder: string): TestCliContext {
  const output = { stdout: '', stderr: '', exitCode: 0 };
  return {
    output,
    folder,
    environment: {},
    user: 'test',
    stdout: {
      write: (text) => {
        output.stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        output.stderr += text;
      },
    },
    signal: new AbortController().signal,
    // Nobody waits for what a test says at once.
    sleep: (_ms, signal) => sleep(10, signal),
    setExitCode: (code) => {
      output.exitCode = code;
    },
  };
}
