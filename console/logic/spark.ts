import type { RunSummary } from '../calls/types.ts';

export const BAR_WIDTH = 4;
export const SPARK_HEIGHT = 28;
export const SPARK_RUNS = 30;
const LEAST_BAR = 2;

export type Tone = 'good' | 'bad' | 'partial' | 'idle';

/** How a run's end is shown. */
export function toneOf(state: string): Tone {
  if (state === 'succeeded') return 'good';
  if (state === 'failed') return 'bad';
  return state === 'partial' ? 'partial' : 'idle';
}

/** How long a run took, in ms; undefined while it is under way. */
export const durationOf = ({
  startedAt,
  endedAt,
}: Pick<RunSummary, 'startedAt' | 'endedAt'>): number | undefined =>
  endedAt === undefined ? undefined : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));

/** The shapes of a small picture: bars for the durations, by their tone, and a line for the rows. */
export interface Spark {
  bars: { tone: Tone; path: string }[];
  /** Empty with fewer than two numbers. */
  rows: string;
  width: number;
}

const round = (value: number) => Math.round(value * 10) / 10;

/**
 * Draws the newest runs, the newest at the right. Paths instead of one shape for each run: 200 jobs of 30 runs are then
 * a thousand elements, not seven.
 *
 * @param runs newest first
 */
export function drawSpark(runs: readonly RunSummary[]): Spark {
  const shown = runs.slice(0, SPARK_RUNS).toReversed();
  const longest = Math.max(1, ...shown.map((run) => durationOf(run) ?? 0));
  const most = Math.max(1, ...shown.map(({ rows = 0 }) => rows));
  const offset = SPARK_RUNS - shown.length;
  const paths = new Map<Tone, string>();
  const line: string[] = [];
  for (const [index, run] of shown.entries()) {
    const x = (offset + index) * BAR_WIDTH;
    const height = Math.max(LEAST_BAR, ((durationOf(run) ?? 0) / longest) * SPARK_HEIGHT);
    const tone = toneOf(run.state);
    const bar = `M${x} ${SPARK_HEIGHT}v${round(-height)}h${BAR_WIDTH - 1}v${round(height)}z`;
    paths.set(tone, `${paths.get(tone) ?? ''}${bar}`);
    if (run.rows !== undefined && run.state === 'succeeded')
      line.push(
        `${round(x + BAR_WIDTH / 2)} ${round(SPARK_HEIGHT - 1 - (run.rows / most) * (SPARK_HEIGHT - 3))}`,
      );
  }
  return {
    bars: [...paths].map(([tone, path]) => ({ tone, path })),
    rows: line.length < 2 ? '' : `M${line.join('L')}`,
    width: SPARK_RUNS * BAR_WIDTH,
  };
}
