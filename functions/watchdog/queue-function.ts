import * as z from 'zod';
import { sourceOfFreeSlot } from '../../shared/runs/leases/tickets.ts';
import { startWaiting } from '../../shared/watchdog/queues/start-waiting.ts';
import type { WatchdogDependencies } from '../../shared/watchdog/watchdog-dependencies.ts';
import type { DeployedStarts } from './deployed-starts.ts';

/** S3's event about a new object, as EventBridge delivers it. */
const objectCreated = z.object({ detail: z.object({ object: z.object({ key: z.string() }) }) });

/** The function that starts waiting runs when S3 announces a free slot, without Lambda around it. */
export function createQueueFunction(
  dependencies: Pick<WatchdogDependencies, 'documents' | 'runs' | 'requests' | 'scope' | 'logger'> & {
    starts: DeployedStarts;
  },
): (event: unknown) => Promise<{ started: number }> {
  const { starts, ...others } = dependencies;
  return async (event) => {
    const source = sourceOfFreeSlot(objectCreated.parse(event).detail.object.key);
    if (source === undefined) return { started: 0 };
    const where = { jobs: await starts.readJobs() };
    return { started: await startWaiting(source, { ...others, where, start: starts.start }) };
  };
}
