import type { Run } from '../../shared/api/schemas.ts';
import type { ProgressEvent } from '../../shared/runs/job.ts';
import { isFinished } from '../../shared/runs/records/run-record.ts';
import { type Sleep, sleep as sleepByClock } from '../../shared/sleep.ts';
import type { StackApi } from './stack-api.ts';

const POLL_MS = 2_000;
// Lambda's own retry of a killed run comes after one or two minutes, and takes it over.
const STALE_MS = 5 * 60_000;

/**
 * Follows a run of a stack until nothing more is to be seen of it: its end, a file that Polyteia is left to read, or a
 * death that nobody takes over for five minutes.
 *
 * @param options.onProgress receives the progress that a run on this machine would report
 * @throws the signal's reason when it is aborted: the run itself goes on
 */
export async function followRun(
  api: Pick<StackApi, 'getRun'>,
  id: string,
  options: {
    signal: AbortSignal;
    onProgress: (event: ProgressEvent) => void;
    /** Called once when the run shows no life. */
    onStale?: () => void;
    sleep?: Sleep;
    now?: () => number;
  },
): Promise<Run> {
  const { signal, onProgress, sleep = sleepByClock, now = Date.now } = options;
  let phases = 0;
  let current: string | undefined;
  let staleSince: number | undefined;
  for (;;) {
    const run = await api.getRun(id);
    for (const { name, durationMs } of run.phases.slice(phases)) {
      if (current !== name) onProgress({ type: 'phase-started', phase: name });
      onProgress({ type: 'phase-ended', phase: name, durationMs });
      current = undefined;
    }
    // A run that was taken over begins again.
    phases = run.phases.length;
    if (isFinished(run) || run.state === 'ingesting') return run;
    const phase = run.progress?.phase;
    if (phase !== undefined && phase !== current) onProgress({ type: 'phase-started', phase });
    current = phase ?? current;
    if (current !== undefined && run.progress?.bytes !== undefined)
      onProgress({ type: 'phase-progressed', phase: current, bytes: run.progress.bytes });
    if (!run.stale) staleSince = undefined;
    else if (staleSince === undefined) {
      staleSince = now();
      options.onStale?.();
    } else if (now() - staleSince >= STALE_MS) return run;
    await sleep(POLL_MS, signal);
  }
}
