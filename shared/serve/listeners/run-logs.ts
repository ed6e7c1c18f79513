import * as z from 'zod';
import type { LogLine } from '../../api/schemas.ts';
import { addLogSink } from '../../telemetry/log-sinks.ts';

/** How many runs have their lines kept, and how many lines of each. */
const RUNS = 100;
const LINES = 200;

// Fields of a line that say nothing to who reads the log of one run.
const lineSchema = z.looseObject({
  time: z.iso.datetime(),
  level: z.string(),
  run: z.uuid(),
  msg: z.string().default(''),
});

/** The last lines of the newest runs of this process, in memory. */
export interface RunLogs extends Disposable {
  /** Oldest first. */
  read(runId: string): LogLine[];
}

/** Collects what is logged about runs from now on. */
export function createRunLogs(): RunLogs {
  // In the order in which they began.
  const runs = new Map<string, LogLine[]>();
  const end = addLogSink((text) => {
    const line = parse(text);
    if (!line) return;
    const lines = runs.get(line.run) ?? [];
    runs.set(line.run, lines);
    lines.push({ time: line.time, level: line.level, message: line.msg });
    if (lines.length > LINES) lines.shift();
    const [oldest] = runs.keys();
    if (runs.size > RUNS && oldest !== undefined) runs.delete(oldest);
  });
  return { read: (runId) => runs.get(runId) ?? [], [Symbol.dispose]: end };
}

function parse(text: string): z.infer<typeof lineSchema> | undefined {
  // Most lines are about no run.
  if (!text.includes('"run":')) return undefined;
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
