import { printable } from '../text/printable.ts';

/**
 * A line of the JSON log for people: time, level, message, then the other fields.
 *
 * @example `2026-11-29T04:30:00.123Z INFO  run succeeded job=orders rows=120`
 */
export function formatLogLine(line: string): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { time, level, msg, ...facts } = fields;
  const shown = Object.entries(facts).map(([name, value]) => `${name}=${formatValue(value)}`);
  const label = String(level).toUpperCase().padEnd(5);
  return `${[String(time), label, printable(String(msg ?? '')), ...shown].join(' ').trimEnd()}\n`;
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? printable(text) : JSON.stringify(printable(text));
}
