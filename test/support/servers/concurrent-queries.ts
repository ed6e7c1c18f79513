import { readFile } from 'node:fs/promises';
import type { PostgresServer } from './postgres-server.ts';

/** Settings of a Postgres whose log tells when each statement began and ended. */
export const TIMED_STATEMENTS = {
  log_min_duration_statement: '0',
  log_line_prefix: '%m [%p] ',
  log_timezone: 'UTC',
};

const ENDED = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC \[(\d+)\] .*duration: (\d+\.\d+) ms .*$/gm;

/**
 * The most statements with this text that a Postgres with {@link TIMED_STATEMENTS} was running at once. `pg_stat_activity` would not do:
 * it looks at one connection after another, so it can show two statements of which the second began when the first had ended.
 */
export async function mostAtOnce({ logFile }: PostgresServer, text: string): Promise<number> {
  const lines = [...(await readFile(logFile, 'utf8')).matchAll(ENDED)].filter(([line]) =>
    line.includes(text),
  );
  // A connection runs one statement at a time. The log's moments are cut to milliseconds, so one that follows at once would
  // seem to begin before its predecessor has ended.
  const ends = new Map<string, number>();
  const moments = lines.flatMap(([, at = '', connection = '', ms]) => {
    const end = Date.parse(`${at.replace(' ', 'T')}Z`);
    const begin = Math.max(end - Number(ms), ends.get(connection) ?? 0);
    ends.set(connection, end);
    return [
      { at: begin, change: 1 },
      { at: end, change: -1 },
    ];
  });
  let running = 0;
  let most = 0;
  for (const { change } of moments.sort((one, other) => one.at - other.at || one.change - other.change)) {
    running += change;
    most = Math.max(most, running);
  }
  return most;
}
