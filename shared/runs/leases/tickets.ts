import type { DocumentStore } from '../documents/document-store.ts';

/** A place in the queue for the slots of a source. */
export interface Ticket {
  key: string;
  source: string;
  runId: string;
  ageMs: number;
  /** Of a run that waits outside of any process, its job: somebody must start it. Undefined when a process waits. */
  parked: string | undefined;
}

const QUEUES = 'leases/queue/';
const FORM = /^leases\/queue\/([^/]+)\/(?:parked\.([^./]+)\.([^./]+)|(?!slot-free\.)([^./]+))\.json$/;
const MAX_TICKETS = 10_000;
/**
 * For how long a run that no process keeps has its place. The watchdog renews it as long as the run waits; without a
 * watchdog, such as that of a stack that was destroyed, others must not wait for it forever.
 */
export const PARKED_MS = 3_600_000;

/** The ticket of a run that a process keeps waiting, which renews it. */
export const ticketKey = (source: string, runId: string) => `${QUEUES}${source}/${runId}.json`;
/** The ticket of a run that waits outside of any process. Its job is in the name, so that a listing shows it. */
export const parkedKey = (source: string, runId: string, job: string) =>
  `${QUEUES}${source}/parked.${runId}.${job}.json`;
/** Written when a slot is free that a parked run could have: on AWS, S3 announces that to whoever starts these runs. */
export const freeSlotKey = (source: string) => `${QUEUES}${source}/slot-free.json`;

/** The source whose slot a key announces; undefined for any other key. */
export const sourceOfFreeSlot = (key: string) => /^leases\/queue\/([^/]+)\/slot-free\.json$/.exec(key)?.[1];

/** The tickets of one source, or of all, in the order of run ids, which is that of the queue. */
export async function listTickets(
  store: Pick<DocumentStore, 'listWithAges'>,
  source?: string,
): Promise<Ticket[]> {
  const listed = await store.listWithAges(source === undefined ? QUEUES : `${QUEUES}${source}/`, MAX_TICKETS);
  const tickets: Ticket[] = [];
  for (const { key, ageMs } of listed) {
    const [, of, parkedRun, parked, waitingRun] = FORM.exec(key) ?? [];
    const runId = parkedRun ?? waitingRun;
    if (of !== undefined && runId !== undefined) tickets.push({ key, source: of, runId, ageMs, parked });
  }
  return tickets.sort((a, b) => (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0));
}

/**
 * Whether a run still has its place.
 *
 * @param expiryMs of leases: a process that waits renews its ticket three times in it
 */
export const isInQueue = ({ parked, ageMs }: Ticket, expiryMs: number) =>
  ageMs < (parked === undefined ? expiryMs : PARKED_MS);

/** The run of a job that waits outside of any process. */
export async function findParkedRun(
  store: Pick<DocumentStore, 'listWithAges'>,
  job: string,
): Promise<string | undefined> {
  const tickets = await listTickets(store);
  return tickets.find((ticket) => ticket.parked === job && ticket.ageMs < PARKED_MS)?.runId;
}

/**
 * Announces that a source has a free slot, if a run waits for it outside of any process. Never throws: the watchdog
 * looks from time to time.
 */
export async function announceFreeSlot(
  store: Pick<DocumentStore, 'list' | 'put'>,
  source: string,
): Promise<void> {
  try {
    const [waiting] = await store.list(`${QUEUES}${source}/parked.`, 1);
    if (waiting !== undefined) await store.put(freeSlotKey(source), JSON.stringify({ schemaVersion: 1 }));
  } catch {
    // See above.
  }
}
