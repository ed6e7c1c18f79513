import { ConfigError } from '../../errors.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import { unknownRun } from '../../runs/unknown-run.ts';
import { assertOfSync, findEarlierRun, type KeptFileOptions, sendKeptFile } from './send-kept-file.ts';

/**
 * Sends the file of a result that a guard refused.
 *
 * @param refusedId id of the run whose result was refused
 * @throws ConfigError when the run does not exist, its file is no longer stored, or a newer result was uploaded since
 */
export async function acceptRefused(
  options: KeptFileOptions,
  refusedId: string,
  why: string | undefined,
): Promise<RunRecord> {
  const { store } = options;
  const from = await findEarlierRun(options, refusedId);
  assertOfSync(from);
  if (!from) throw unknownRun(refusedId);
  if (from.error?.class !== 'GuardError') {
    throw new ConfigError(`Run ${refusedId} was not refused by a guard.`, {
      hint: 'ferry runs lists the newest runs, with their ids.',
    });
  }
  const assertNewest = (sender: string | undefined) => assertNothingNewer(options, from, sender);
  // Before a run of its own is recorded, and once more with the lease: a run may have uploaded while this one waited for
  // it.
  await assertNewest(options.runId);
  return sendKeptFile(
    options,
    { from, fetch: store.fetchRefused, what: 'The refused file', assertUsable: assertNewest },
    why,
  );
}

/**
 * @param sender the run that sends the refused file: a second delivery of it, which was killed after its upload or left
 *   the reading to Polyteia, only replaces its own file
 * @throws ConfigError when another run has uploaded since
 */
async function assertNothingNewer(
  options: KeptFileOptions,
  refused: RunRecord,
  sender: string | undefined,
): Promise<void> {
  const last = await options.store.readLastUpload(refused.job);
  if (!last || last.runId === sender || refused.endedAt === undefined || last.at <= refused.endedAt) return;
  const newer = await findEarlierRun(options, last.runId);
  if (newer?.sentFrom?.runId === refused.id)
    throw new ConfigError(
      `Run ${refused.id} has already been accepted: its file was sent by run ${last.runId}.`,
      { hint: `To see that run: ferry runs ${last.runId}` },
    );
  throw new ConfigError(
    `Since run ${refused.id} was refused, run ${last.runId} has uploaded a newer result.`,
    {
      hint: `The refused file would replace it. Run the sync again instead: ferry run ${refused.job}`,
    },
  );
}
