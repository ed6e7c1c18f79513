import { ROOT_CONTEXT } from '@opentelemetry/api';
import { mapInBatches } from '../batches.ts';
import { StateError, toFerryError } from '../errors.ts';
import { inSpan } from '../telemetry/in-span.ts';
import { type Change, decideAlerts } from './alerts/decide-alerts.ts';
import {
  type ClaimedIncident,
  incidentName,
  readIncidents,
  removeIncident,
  type SeenIncident,
  writeIncident,
} from './alerts/incident.ts';
import { sendAlerts } from './alerts/send-alerts.ts';
import { findProblems } from './problems.ts';
import { tendQueues } from './queues/tend-queues.ts';
import { incidentOf, isCheck, isStillQueued } from './repairs/dead-letter.ts';
import { decideRepairs } from './repairs/decide-repairs.ts';
import { repair } from './repairs/repair.ts';
import {
  emptyScheduleMemory,
  readScheduleMemory,
  rememberSchedules,
  type ScheduleMemory,
  scheduleMemoryKey,
} from './schedule-memory.ts';
import type { WatchdogDependencies } from './watchdog-dependencies.ts';

/** What a round did, for its log line and metrics. */
export interface RoundResult {
  /** Runs that were started again, or closed. */
  repaired: number;
  /** Incidents that people were notified of. */
  notified: number;
  /** Messages that did not get through, or runs that could not be repaired; the next round tries again. */
  notificationsFailed: number;
  notRepaired: number;
  /** The watchdog's own documents that exist and cannot be read; the log says what to do about them. */
  notRead: number;
}

const MAX_LETTERS = 100;

/**
 * One round: repairs abandoned runs, and notifies people of what changed. Two rounds at once do no harm: a conditional
 * write claims each alert first, and runs are started again with their own ids.
 *
 * A quiet round costs two listings of S3 for up to 300 jobs, one listing of leases and one of queues, and one read. The incidents are
 * read before the states: a watchdog that sees a closed incident also sees the run that closed it.
 *
 * @throws StorageUnavailableError when nothing can be seen at all
 */
export async function runRound(dependencies: WatchdogDependencies): Promise<RoundResult> {
  // A process that does other things, too, begins rounds of its own accord.
  return inSpan('watchdog', { parent: ROOT_CONTEXT }, async (span) => {
    const result = await doRound(dependencies);
    for (const [name, count] of Object.entries(counted)) span.setAttribute(name, result[count]);
    return result;
  });
}

const counted = {
  'ferry.watchdog.repaired': 'repaired',
  'ferry.watchdog.notified': 'notified',
  'ferry.watchdog.failed': 'notificationsFailed',
} as const satisfies Record<string, keyof RoundResult>;

async function doRound(dependencies: WatchdogDependencies): Promise<RoundResult> {
  const { documents, runs, where, scope, channels, logger } = dependencies;
  const { jobs } = where;
  const now = (dependencies.now ?? (() => new Date()))();
  const { seen: incidents, unreadable } = await readIncidents(documents, scope);
  const [memory, states, leaseAges] = await Promise.all([
    readMemory(dependencies, now).catch((error: unknown) => {
      if (!(error instanceof StateError)) throw error;
      unreadable.push(error);
      // Without it, overdue times are unknown; the rest of the round does not need it.
      return emptyScheduleMemory;
    }),
    runs.listJobStates(),
    runs.listLeaseAges(),
  ]);
  for (const { class: kind, message, hint } of unreadable) logger.error({ class: kind, hint }, message);
  const parked = await tendQueues(dependencies);
  const repairs = decideRepairs(jobs, states, leaseAges, now, parked);
  const repaired = await mapInBatches(repairs, (one) => repair(one, { ...dependencies, now }));
  const result: RoundResult = {
    repaired: repaired.filter((outcome) => outcome === 'done').length,
    notRepaired: repaired.filter((outcome) => outcome === 'failed').length,
    notified: 0,
    notificationsFailed: 0,
    notRead: unreadable.length,
  };
  // Problems stay unreported while there is nobody to notify, and are reported as soon as there is.
  if (channels.length === 0) return result;
  const problems = await findProblems({
    jobs,
    states,
    memory,
    scope,
    now,
    readRun: (job, id) => runs.getOfJob(job, id),
  });
  const changes = decideAlerts(problems, incidents, states, jobs);
  const claimed = await claim(changes, dependencies);
  const letters = await claimDeadLetters(dependencies, incidents);
  const sent = await sendAlerts([...claimed, ...letters.claimed], states, dependencies);
  await letters.removeTold();
  logger.info(
    { ...result, notified: sent.notified, notificationsFailed: sent.notificationsFailed },
    'round ended',
  );
  return { ...result, ...sent };
}

/** Makes the changes that this watchdog is still first to make. */
async function claim(
  changes: readonly Change[],
  { documents, scope }: Pick<WatchdogDependencies, 'documents' | 'scope'>,
): Promise<ClaimedIncident[]> {
  const claimed = await mapInBatches(changes, async (change) => {
    if (change.type === 'remove') {
      await removeIncident(documents, scope, change.name);
      return [];
    }
    const version = await writeIncident(documents, scope, change.incident, change.seen);
    return version !== undefined && change.tell ? [{ incident: change.incident, version }] : [];
  });
  return claimed.flat();
}

/**
 * Takes lost starts out of the queue. A message is removed once people were notified of it; until then it comes back.
 */
async function claimDeadLetters(
  { documents, deadLetters, where: { jobs }, scope, logger }: WatchdogDependencies,
  incidents: ReadonlyMap<string, SeenIncident>,
): Promise<{ claimed: ClaimedIncident[]; removeTold: () => Promise<void> }> {
  const claimed: ClaimedIncident[] = [];
  const receipts: { name: string; receipt: string }[] = [];
  try {
    for (let received = 0; received < MAX_LETTERS; ) {
      const letters = await deadLetters.receive();
      if (letters.length === 0) break;
      received += letters.length;
      for (const letter of letters) {
        if (isStillQueued(letter) || isCheck(letter)) {
          await deadLetters.remove(letter.receipt);
          continue;
        }
        const incident = incidentOf(letter, jobs);
        const name = incidentName(incident);
        receipts.push({ name, receipt: letter.receipt });
        const seen = incidents.get(name);
        if (seen) continue;
        const version = await writeIncident(documents, scope, incident, undefined);
        if (version !== undefined) claimed.push({ incident, version });
      }
    }
  } catch (thrown) {
    const error = toFerryError(thrown);
    logger.error({ class: error.class }, 'the dead-letter queue cannot be read or emptied');
  }
  return {
    claimed,
    async removeTold() {
      if (receipts.length === 0) return;
      const { seen: after } = await readIncidents(documents, scope);
      const told = receipts.filter(({ name }) => after.get(name)?.incident.state === 'closed');
      await mapInBatches(told, ({ receipt }) =>
        deadLetters.remove(receipt).catch((error: unknown) => {
          logger.warn(
            { class: toFerryError(error).class },
            'a reported message stays in the dead-letter queue',
          );
        }),
      );
    },
  };
}

async function readMemory(
  { documents, where, scope }: WatchdogDependencies,
  now: Date,
): Promise<ScheduleMemory> {
  const { memory: before, version } = await readScheduleMemory(documents, scope);
  const memory = rememberSchedules(before, where.jobs, now);
  // Another watchdog was faster and recorded the same, a moment earlier.
  if (JSON.stringify(memory) !== JSON.stringify(before))
    await documents.replace(scheduleMemoryKey(scope), JSON.stringify(memory), version);
  return memory;
}
