import type { Sleep } from '../shared/sleep.ts';
import type { AsTyped, Output } from './output/output.ts';

/** Everything that a command may know about the process; main.ts or a test provides it. */
export interface CliContext {
  /** Folder that relative paths start from. */
  folder: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Login name, recorded as the person who triggered a run. */
  user: string;
  stdout: Output;
  stderr: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** How to wait between two questions. @default with the real clock */
  sleep?: Sleep;
  setExitCode(code: number): void;
  /** Hints with their commands as this one was called. @default as they are */
  asTyped?: AsTyped;
  /**
   * Lets the command take this long to end after a signal, and then leave its own exit code; @default eight seconds,
   * and 130
   */
  allowEnding?(ms: number): void;
  /** Has the process end when the command has, whatever is still open. */
  endAtOnce?(): void;
}
