import { styleText } from 'node:util';
import { escapeUnseen } from '../output/show-value.ts';
import type { LogEvent } from './log-events.ts';

type Style = Parameters<typeof styleText>[0];
const styles: Readonly<Record<string, Style>> = { debug: 'dim', warn: 'yellow', error: 'red', fatal: 'red' };

// Lambda's own marks of the start and end of an invocation; REPORT, with time and memory, is shown.
const NOISE = /^(START|END|INIT_START) /;

/**
 * A record as one line for a person: time (UTC), level, job, message, and whatever else it says.
 *
 * @returns undefined for one without useful content
 */
export function formatLogEvent(
  { at, message }: LogEvent,
  { colors }: { colors: boolean },
): string | undefined {
  const paint = (style: Style | undefined, text: string) =>
    colors && style !== undefined ? styleText(style, text, { validateStream: false }) : text;
  const time = paint('dim', new Date(at).toISOString().replace('T', ' ').slice(0, 23));
  const record = parseRecord(message);
  if (!record) {
    if (NOISE.test(message)) return undefined;
    const text = escapeUnseen(message.trim().replaceAll(/\s+/g, ' '));
    return text === '' ? undefined : `${time}  ${paint('dim', `lambda  ${text}`)}`;
  }
  const { level, time: _time, job, msg, run: _run, ...rest } = record;
  const name = typeof level === 'string' ? level : 'info';
  const facts = Object.entries(rest).map(([key, value]) => `${key}=${showFact(value)}`);
  const words = [...(typeof job === 'string' ? [`${job}:`] : []), String(msg ?? ''), ...facts];
  return `${time}  ${paint(styles[name], name.padEnd(5))}  ${escapeUnseen(words.join(' '))}`;
}

function parseRecord(message: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const showFact = (value: unknown) =>
  typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
