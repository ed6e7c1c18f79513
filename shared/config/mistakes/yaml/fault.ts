import type { YAMLError } from 'yaml';

/** The first fault of a file, and the lines around it. */
export interface Fault {
  code: YAMLError['code'];
  /** From 1. */
  line: number;
  /** Where in the line, from 0. */
  column: number;
  lines: readonly string[];
}

/** What the fault may be, and what the lines become if it is. Lines count from 1. */
export interface Explanation {
  line: number;
  /** The last of the lines, if they are several. */
  lastLine?: number;
  message: string;
  /** What to write instead of the lines, with indentation. It is only shown if the file can be read with it. */
  lines?: readonly string[];
  /** Whether the lines only prove that the explanation is right: the message says it all. */
  isTold?: boolean;
}

/** Explanations from the likeliest to the least likely; [] if it is something else. */
export type Explain = (fault: Fault) => readonly Explanation[];

export const lineAt = ({ lines }: Pick<Fault, 'lines'>, line: number) => lines[line - 1] ?? '';
export const spaces = (count: number) => (count === 1 ? '1 space' : `${count} spaces`);
