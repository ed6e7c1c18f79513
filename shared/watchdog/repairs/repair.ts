import { toFerryError } from '../../errors.ts';
import { isFinished } from '../../runs/records/run-record.ts';
import type { WatchdogDependencies } from '../watchdog-dependencies.ts';
import { closeLostRun } from './close-run.ts';
import { isWorthRestart, type Repair } from './decide-repairs.ts';
import { startEventOf } from './start-again.ts';

/** What repairs need. */
type RepairTools = Pick<WatchdogDependencies, 'runs' | 'requests' | 'start' | 'scope' | 'logger'> & {
  now: Date;
};

/** Repairs one run. Failures are logged; the next round tries again. */
export async function repair(
  one: Repair,
  { runs, requests, start, scope, now, logger: parent }: RepairTools,
): Promise<'done' | 'nothing to do' | 'failed'> {
  const { job, runId } = one.run;
  const logger = parent.child({ job, run: runId });
  try {
    const record = await runs.getOfJob(job, runId);
    if (!record || isFinished(record)) return 'nothing to do';
    if (one.action === 'resume' || (one.action === 'inspect' && isWorthRestart(record, one))) {
      const stored = record.trigger === 'schedule' ? undefined : await requests.find(runId);
      await start(startEventOf(record, stored?.request, scope));
      logger.info({ state: record.state, silentMs: Math.round(one.silentMs) }, 'run started again');
      return 'done';
    }
    if (!(await closeLostRun(runs, job, runId, { now }))) return 'nothing to do';
    logger.warn({ state: record.state }, 'closed a run that was killed');
    return 'done';
  } catch (thrown) {
    const error = toFerryError(thrown);
    logger.error(
      { class: error.class },
      `An abandoned run could not be restarted or closed: ${error.message}`,
    );
    return 'failed';
  }
}
