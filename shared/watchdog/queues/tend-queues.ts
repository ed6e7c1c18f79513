import { mapInBatches } from '../../batches.ts';
import { toFerryError } from '../../errors.ts';
import { leaseTimes } from '../../runs/leases/lease.ts';
import { isInQueue, listTickets, PARKED_MS } from '../../runs/leases/tickets.ts';
import { isFinished } from '../../runs/records/run-record.ts';
import { type StarterDependencies, startWaiting } from './start-waiting.ts';

/**
 * Looks after the runs that wait for a slot outside of any process, in case that nobody heard of a free slot: it renews
 * their places, removes those of runs that have ended, and starts those that have their turn.
 *
 * @returns the ids of the runs that have a place, or are on their way to it, of all stacks that share the bucket
 * @throws StorageUnavailableError
 */
export async function tendQueues(dependencies: StarterDependencies): Promise<Set<string>> {
  const { documents, runs, where, logger } = dependencies;
  const tickets = await listTickets(documents);
  const parked = tickets.filter((ticket) => ticket.parked !== undefined);
  const inQueue = tickets.filter((ticket) => isInQueue(ticket, leaseTimes.expiryMs));
  const sources = new Set<string>();
  // The rest of the round needs none of it.
  const report = (thrown: unknown) => {
    const error = toFerryError(thrown);
    logger.error({ class: error.class }, `The queues could not be looked after: ${error.message}`);
  };
  await mapInBatches(parked, async ({ key, source, runId, ageMs, parked: job = '' }) => {
    if (!Object.hasOwn(where.jobs, job)) return;
    const record = await runs.getOfJob(job, runId);
    if (!record || isFinished(record)) {
      await documents.remove(key);
      return;
    }
    sources.add(source);
    if (ageMs < PARKED_MS / 3) return;
    const text = await documents.get(key);
    if (text !== undefined) await documents.put(key, text);
  }).catch(report);
  for (const source of sources) await startWaiting(source, dependencies).catch(report);
  return new Set(inQueue.map(({ runId }) => runId));
}
