import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { waitFor } from './wait-for.ts';

/** What a child process prints on both of its streams. */
export interface ChildOutput {
  /** All of it so far. */
  text(): string;
  /**
   * Waits until this is printed.
   *
   * @param what names it in errors
   * @throws when the process has ended without it
   */
  printed(pattern: RegExp, what?: string): Promise<RegExpExecArray>;
  /** Resolves when the process has ended and all that it printed has been read. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Call this right after the start of the process. */
export function readOutput(child: ChildProcessByStdio<null, Readable, Readable>): ChildOutput {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
  // Not `exit`: on a busy machine the last lines are read after it.
  let isRead = false;
  const ended = new Promise<Awaited<ChildOutput['ended']>>((resolve) => {
    child.once('close', (code, signal) => {
      isRead = true;
      resolve({ code, signal });
    });
  });
  const printed = (pattern: RegExp, what = String(pattern)) =>
    waitFor(
      () => `${what}; so far: ${text}`,
      () => {
        const found = pattern.exec(text);
        if (!found && isRead) throw new Error(`It ended before ${what}: ${text}`);
        return found ?? undefined;
      },
      40_000,
    );
  return { text: () => text, printed, ended };
}
