/** Takes each line of the log, as JSON. Must not throw. */
export type LogSink = (line: string) => void;

// A logger is made before anything is known about telemetry, so what wants its lines is asked with each line.
const sinks = new Set<LogSink>();

/**
 * Has all loggers of the process pass their lines on.
 *
 * @returns ends that
 */
export function addLogSink(sink: LogSink): () => void {
  sinks.add(sink);
  return () => sinks.delete(sink);
}

/** Whether anything wants lines besides a logger's own destination. */
export const hasLogSinks = (): boolean => sinks.size > 0;

/** Gives a line to all who want it. */
export function passOn(line: string): void {
  for (const sink of sinks) sink(line);
}
