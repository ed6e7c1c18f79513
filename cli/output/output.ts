import { CommanderError } from 'commander';
import stringWidth from 'string-width';
import { toFerryError } from '../../shared/errors.ts';
import { printable, printableMessage, printableOutput } from '../../shared/text/printable.ts';

/** What a command writes to: process.stdout and process.stderr, or those of a test. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

/** An output that makes everything printable, whatever a command writes to it. */
export function safeOutput(output: Output): Output {
  return {
    write: (text) => output.write(printableOutput(text)),
    get isTTY() {
      return output.isTTY;
    },
    get columns() {
      return output.columns;
    },
  };
}

/** Columns padded to the same width; wide characters and umlauts count as a terminal shows them. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: readonly number[] = [],
): string {
  const all = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) => Math.max(...all.map((row) => stringWidth(row[column] ?? ''))));
  return all.map((row) => padRow(row, widths, rightAligned)).join('\n');
}

/** One line of a table with columns of these widths. */
export function padRow(
  row: readonly string[],
  widths: readonly number[],
  rightAligned: readonly number[],
): string {
  return row
    .map((cell, column) => {
      const padding = ' '.repeat(Math.max(0, (widths[column] ?? 0) - stringWidth(cell)));
      return rightAligned.includes(column) ? padding + cell : cell + padding;
    })
    .join('  ')
    .trimEnd();
}

/** Hints as a person can paste their commands (called-as.ts). */
export type AsTyped = (hint: string) => string;

/** A message, and what to do about it. */
export function formatError(
  error: { class: string; message: string; hint?: string | undefined },
  asTyped: AsTyped = (hint) => hint,
): string {
  const hint = error.hint ? `\n  → ${printableMessage(asTyped(error.hint))}` : '';
  return `${printable(error.class)}: ${printableMessage(error.message)}${hint}\n`;
}

/** Prints warnings: a line each, or a list of problems. */
export function printWarnings(stderr: Output, warnings: readonly string[]): void {
  for (const warning of warnings) stderr.write(`warning: ${printableMessage(warning)}\n`);
}

/** An error as the single document that --json promises on stdout. */
export function formatErrorAsJson(error: unknown): string {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return '';
    // Commander's own message for a person who typed no command is the help.
    const message =
      error.code === 'commander.help' ? 'No command was given.' : error.message.replace(/^error: /, '');
    return printableOutput(`${JSON.stringify({ error: { class: 'ConfigError', message } }, null, 2)}\n`);
  }
  const { class: name, message, hint } = toFerryError(error);
  return `${JSON.stringify({ error: { class: name, message, ...(hint === undefined ? {} : { hint }) } }, null, 2)}\n`;
}

/**
 * Prints an error for a person.
 *
 * @returns the exit code when the command line itself was wrong, which commander has already explained
 */
export function printError(error: unknown, stderr: Output, asTyped?: AsTyped): number | undefined {
  // --help and --version end in an "error" with exit code 0. Any other one means a wrong command line, which is a
  // configuration error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  stderr.write(formatError(toFerryError(error), asTyped));
  return undefined;
}
