import type { Sleep } from '../shared/sleep.ts';
import type { Output } from './output/output.ts';

/** Everything a command may know of the process, given by main.ts or a test. */
export interface CliContext {
  /** Folder that relative paths start from. */
  folder: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Login name, recorded as who triggered a run. */
  user: string;
  stdout: Output;
  stderr: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** How to wait between two questions. @default by the real clock */
  sleep?: Sleep;
  setExitCode(code: number): void;
}
