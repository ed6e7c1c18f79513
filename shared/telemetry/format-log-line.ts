import { printable } from '../text/printable.ts';

/** What of a run's record would only make its line long: `ferry runs RUN` shows it, and the JSON log has it. */
const ONLY_IN_RECORD = new Set([
  'schemaVersion',
  'kind',
  'target',
  'state',
  'scheduledTime',
  'startedAt',
  'endedAt',
  'attempts',
  'phases',
  'configHash',
  'fingerprint',
  'reading',
  'sources',
  'unchangedSince',
]);

/**
 * A line of the JSON log for people: time, level, message, what was wrong and what to do about it, then the other
 * fields.
 *
 * @example `2026-11-29T04:30:00.123Z ERROR run failed: 3 rows are fewer than minRows: 100. → Fix it. job=orders rows=3`
 */
export function formatLogLine(line: string): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { time, level, msg, hint, error, ...facts } = fields;
  const failure = isFailure(error) ? error : undefined;
  const { message, hint: remedy = hint, ...about } = failure ?? {};
  const what = [msg, message].filter((part) => part !== undefined).map((part) => printable(String(part)));
  const todo = remedy === undefined ? [] : [`→ ${printable(String(remedy))}`];
  const rest = failure ? { ...about, ...facts } : { ...(error === undefined ? {} : { error }), ...facts };
  const isRun = 'schemaVersion' in rest;
  const shown = Object.entries(rest)
    .filter(([name]) => !isRun || !ONLY_IN_RECORD.has(name))
    .map(([name, value]) => `${name}=${formatValue(shortened(name, value))}`);
  const label = String(level).toUpperCase().padEnd(5);
  return `${[String(time), label, what.join(': '), ...todo, ...shown].join(' ').trimEnd()}\n`;
}

/** What a record says of a failure. */
function isFailure(value: unknown): value is { message: string; hint?: string } {
  return typeof value === 'object' && value !== null && 'message' in value;
}

/** Lists of a record that are too long for a line: databases, phases, and warnings that have lines of their own. */
function shortened(name: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  if (name === 'warnings') return value.length;
  if (name === 'databases') {
    const read = value.filter(({ state }: { state?: unknown }) => state === 'extracted').length;
    return `${read} of ${value.length}`;
  }
  if (name !== 'phases') return value;
  return value
    .map((phase: { name?: unknown; durationMs?: unknown }) => `${phase.name} ${phase.durationMs} ms`)
    .join(', ');
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? printable(text) : JSON.stringify(printable(text));
}
