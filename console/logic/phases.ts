import type { Run } from '../calls/types.ts';

/** A part of a run's time, as its bar shows it. */
export interface PhasePart {
  name: string;
  /** Undefined for the phase that is under way. */
  durationMs: number | undefined;
  /** Share of the bar, from 0 to 1. */
  share: number;
}

// Of a phase that took no time, something is still to be seen and touched.
const LEAST_SHARE = 0.01;

/**
 * The phases of a run. The one under way has what of the run's time no other phase had.
 *
 * @param now in ms since 1970
 */
export function partsOf(
  run: Pick<Run, 'phases' | 'progress' | 'startedAt' | 'state'>,
  now: number,
): PhasePart[] {
  const ended = run.phases.map(({ name, durationMs }) => ({ name, durationMs }));
  const spent = ended.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const current = run.state === 'running' || run.state === 'ingesting' ? run.progress?.phase : undefined;
  const since = run.startedAt === undefined ? 0 : now - Date.parse(run.startedAt) - spent;
  const under =
    current === undefined ? [] : [{ name: current, durationMs: undefined, ms: Math.max(since, 1) }];
  const all = [...ended.map((part) => ({ ...part, ms: part.durationMs })), ...under];
  const total = Math.max(
    1,
    all.reduce((sum, { ms }) => sum + ms, 0),
  );
  return all.map(({ name, durationMs, ms }) => ({
    name,
    durationMs,
    share: Math.max(LEAST_SHARE, ms / total),
  }));
}

/** Whether a run may still change. */
export const isUnderWay = ({ state }: Pick<Run, 'state'>): boolean =>
  state === 'queued' || state === 'running' || state === 'ingesting';
