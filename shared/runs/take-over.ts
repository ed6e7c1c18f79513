import { type LeaseLostError, LostError, toFerryError } from '../errors.ts';
import type { Clock } from '../sleep.ts';
import type { Logger } from '../telemetry/logger.ts';
import { unknownFields } from './documents/stored-document.ts';
import { type Lease, UPLOAD_PHASE } from './leases/lease.ts';
import { measureRun } from './measure-run.ts';
import { readOtherRun } from './records/read-other-run.ts';
import { isFinished, type RunRecord, runRecordSchema } from './records/run-record.ts';
import type { RunStore } from './records/run-store.ts';
import { retryWithin } from './retry.ts';
import { killedHint } from './run-limits.ts';

/** Where a run is before its first phase. */
export const START_PHASE = 'start';

/** Records how a dead holder of the lease ended: an earlier attempt of this run, or another run. */
export async function takeOver(
  record: RunRecord,
  before: RunRecord | undefined,
  lease: Lease,
  store: RunStore,
  logger: Logger,
): Promise<void> {
  const dead = lease.takenFrom;
  if (before?.state === 'ingesting') {
    // It ended as it should; all that is left is to ask Polyteia.
    const attempts = before.attempts ?? [{ startedAt: before.startedAt }];
    Object.assign(record, before, {
      state: 'running',
      attempts: [...attempts, { startedAt: record.startedAt }],
    });
  } else if (before?.state === 'queued') {
    // Nothing had begun, so nothing was lost: the attempt continues to wait.
    record.state = 'queued';
    record.attempts = before.attempts ?? record.attempts;
    record.startedAt = before.startedAt;
    // Whoever starts it again is not who asked for it.
    const { trigger, scheduledTime, triggeredBy } = before;
    Object.assign(record, {
      trigger,
      ...(scheduledTime === undefined ? {} : { scheduledTime }),
      ...(triggeredBy === undefined ? {} : { triggeredBy }),
    });
  } else if (before) {
    // The record of an attempt that died before its first heartbeat does not say where.
    const lostIn = (dead?.runId === record.id ? dead.phase : undefined) ?? START_PHASE;
    const attempts = (before.attempts ?? [{ startedAt: before.startedAt }]).map((attempt) => ({
      lostIn,
      ...attempt,
    }));
    record.attempts = [...attempts, { startedAt: record.startedAt }];
    record.startedAt = before.startedAt;
    logger.warn({ attempt: record.attempts.length, lostIn }, 'an earlier attempt of this run was lost');
  }
  if (before) keepUnknownFields(record, before);
  if (dead === undefined || dead.runId === record.id) return;
  if (dead.runId === undefined) {
    record.warnings.push(
      'The lease of the job was damaged. Nobody renewed it, so this run has it now. It is unknown which run had it before, and how far that run had got.',
    );
    return;
  }
  const other = await readOtherRun(store, record.job, dead.runId, (message) => {
    record.warnings.push(message);
    logger.warn(message);
  });
  if (!other || isFinished(other)) return;
  other.endedAt = new Date().toISOString();
  if (other.state === 'queued') {
    delete other.attempts;
    Object.assign(other, { state: 'skipped', heldBy: record.id });
    other.warnings.push('Skipped: the run was killed while it waited, and another run of the job took over.');
    await saveFinal(other, store, logger);
    return;
  }
  other.state = 'failed';
  other.error = {
    class: 'LostError',
    message: 'The run was killed, and another run of the job took over.',
    ...(dead.phase === UPLOAD_PHASE
      ? {
          hint: 'It was uploading: it is unknown whether Polyteia received its file. The run that took over handles that.',
        }
      : {}),
    ...(dead.phase === undefined ? {} : { phase: dead.phase }),
  };
  await saveFinal(other, store, logger);
}

/** Whether a run has changed anything outside: `unknown` during the change, and after a try with an unknown outcome. */
export type Effect = 'none' | 'unknown' | 'certain';

/** What is true of a run that has lost its lease. Its error says this instead of what to do. */
export function explainLoss(
  { hint = '' }: LeaseLostError,
  { kind, dataset }: Pick<RunRecord, 'kind' | 'dataset'>,
  effect: Effect,
): string {
  if (kind !== 'sync') return hint;
  const told = {
    none: 'This run uploaded nothing.',
    unknown: `It is unknown whether dataset ${dataset} received the file of this run, because its upload was under way. The newer run checks again after its own upload, and sends its file again if it finds this one; later runs replace it.`,
    certain: `Dataset ${dataset} received the file of this run. The newer run checks again after its own upload, and sends its file again if it finds this one.`,
  };
  return `${told[effect]} ${hint}`.trim();
}

/** Fields of a later release must be kept. */
function keepUnknownFields(record: RunRecord, before: RunRecord): void {
  Object.assign(record, unknownFields(runRecordSchema, before));
}

/**
 * A run that was killed twice at the same point would be killed a third time. Before the first heartbeat nobody knows
 * the point: a node that restarts twice may have met different ones.
 */
export function assertWorthAnotherTry({ kind, attempts = [] }: RunRecord): void {
  const [phase, second, third] = attempts
    .slice(0, -1)
    .map(({ lostIn }) => lostIn)
    .toReversed();
  if (phase === undefined || second !== phase) return;
  if (phase === START_PHASE && third !== phase) return;
  const where =
    phase === START_PHASE
      ? 'three times, each time within seconds of its start'
      : `twice in the phase "${phase}"`;
  throw new LostError(`The run was killed ${where}.`, { hint: killedHint(kind) });
}

const TRIES = 4;

/**
 * Writes how a run has ended, and counts it. The work is done, or failed, whether or not that can be written: a missing
 * record must not turn one into the other.
 */
export async function saveFinal(
  record: RunRecord,
  store: RunStore,
  logger: Logger,
  { deadline, clock }: { deadline?: Date; clock?: Clock } = {},
): Promise<void> {
  try {
    await retryWithin({ budget: deadline, maxTries: TRIES, ...clock }, () => store.save(record));
  } catch (thrown) {
    const error = toFerryError(thrown);
    record.warnings.push(`The record of this run could not be saved: ${error.message}`);
    logger.error({ class: error.class }, error.message);
  }
  measureRun(record);
}
