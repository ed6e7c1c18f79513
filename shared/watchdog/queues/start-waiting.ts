import * as z from 'zod';
import { toFerryError } from '../../errors.ts';
import { inspectDocument } from '../../runs/documents/stored-document.ts';
import { type LeaseView, leaseTimes } from '../../runs/leases/lease.ts';
import { lookAtSlots } from '../../runs/leases/slots.ts';
import { isInQueue, listTickets, type Ticket, ticketKey } from '../../runs/leases/tickets.ts';
import { isFinished } from '../../runs/records/run-record.ts';
import { startEventOf } from '../repairs/start-again.ts';
import type { WatchdogDependencies } from '../watchdog-dependencies.ts';

/** What starting parked runs needs. */
export type StarterDependencies = Pick<
  WatchdogDependencies,
  'documents' | 'runs' | 'requests' | 'start' | 'scope' | 'logger'
> & { where: Pick<WatchdogDependencies['where'], 'jobs'> };

/** A parked run, and how many may read its source at once, as it was when the run was parked. */
type ParkedTicket = Ticket & { parked: string };

/**
 * Starts as many of a source's parked runs as it has free slots, in their order. Each of them gets the ticket of a run
 * that a process keeps waiting: of two who do this at once only one writes it, it keeps the run's place while its
 * function starts, and it expires if that does not happen.
 *
 * @returns how many were started
 * @throws StorageUnavailableError
 */
export async function startWaiting(source: string, dependencies: StarterDependencies): Promise<number> {
  const { documents, where } = dependencies;
  const tickets = await listTickets(documents, source);
  const inQueue = tickets.filter((ticket) => isInQueue(ticket, leaseTimes.expiryMs));
  const parked = inQueue.filter((ticket): ticket is ParkedTicket => ticket.parked !== undefined);
  const [first] = parked;
  if (!first) return 0;
  const expired = tickets.filter((ticket) => !inQueue.includes(ticket));
  await Promise.all(expired.map(({ key }) => documents.remove(key)));
  const slots = await slotsOf(first, dependencies);
  const free = slots.filter((slot) => slot.free).length;
  // One that has just taken its slot still has its ticket for a moment.
  const holders = new Set(slots.flatMap((slot) => (slot.free ? [] : [slot.runId])));
  const waiting = inQueue.filter(({ runId }) => !holders.has(runId));
  const kept = new Set(waiting.flatMap(({ parked: job, runId }) => (job === undefined ? [runId] : [])));
  // The same rule as for taking a slot: fewer runs ahead of it than there are free slots.
  const turns = new Set([...new Set(waiting.map(({ runId }) => runId))].slice(0, free));
  let started = 0;
  for (const ticket of parked) {
    // A process has come for the run, or is on its way.
    if (!turns.has(ticket.runId) || kept.has(ticket.runId)) continue;
    // Those of another stack that shares the bucket keep their place: it starts them.
    if (!Object.hasOwn(where.jobs, ticket.parked)) continue;
    if (await startParked(ticket, dependencies)) started += 1;
  }
  return started;
}

const ticketSchema = z.looseObject({ slots: z.int().min(1).max(1_000) });

/** How many slots a ticket says there are: the source's limit when the run was parked. */
function slotsIn(text: string | undefined): number {
  const read = text === undefined ? undefined : inspectDocument(ticketSchema, text);
  // A damaged ticket must not hold up the others: every source with a limit has one slot, and the run that is started
  // knows the others.
  return read && 'document' in read ? read.document.slots : 1;
}

async function slotsOf(
  { key, source, parked: job, runId }: ParkedTicket,
  { documents }: StarterDependencies,
): Promise<LeaseView[]> {
  const slots = slotsIn(await documents.get(key));
  return lookAtSlots(documents, { source, slots, job, runId, times: leaseTimes });
}

async function startParked(
  { key, source, parked: job, runId }: ParkedTicket,
  { documents, runs, requests, start, scope, logger: parent }: StarterDependencies,
): Promise<boolean> {
  const logger = parent.child({ job, run: runId });
  try {
    const record = await runs.getOfJob(job, runId);
    if (!record || isFinished(record)) {
      await documents.remove(key);
      return false;
    }
    const ticket = ticketKey(source, runId);
    if (!(await documents.create(ticket, JSON.stringify({ schemaVersion: 1, job, runId })))) return false;
    const place = await documents.get(key);
    if (place === undefined) {
      // It has come meanwhile.
      await documents.remove(ticket);
      return false;
    }
    try {
      const stored = record.trigger === 'schedule' ? undefined : await requests.find(runId);
      // First, because the run may park again before its start is confirmed here.
      await documents.remove(key);
      await start(startEventOf(record, stored?.request, scope));
    } catch (error) {
      await documents.put(key, place);
      await documents.remove(ticket);
      throw error;
    }
    logger.info({ source }, 'a slot is free: run started');
    return true;
  } catch (thrown) {
    const error = toFerryError(thrown);
    logger.error({ class: error.class }, `A waiting run could not be started: ${error.message}`);
    return false;
  }
}
