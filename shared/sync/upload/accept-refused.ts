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
  const last = await store.readLastUpload(from.job);
  // A second delivery of this run, which was killed after its upload or left the reading to Polyteia, only replaces its
  // own file.
  const others = last && last.runId !== options.runId;
  if (others && from.endedAt !== undefined && last.at > from.endedAt) {
    const newer = await findEarlierRun(options, last.runId);
    if (newer?.sentFrom?.runId === refusedId)
      throw new ConfigError(
        `Run ${refusedId} has already been accepted: its file was sent by run ${last.runId}.`,
        {
          hint: `To see that run: ferry runs ${last.runId}`,
        },
      );
    throw new ConfigError(
      `Since run ${refusedId} was refused, run ${last.runId} has uploaded a newer result.`,
      {
        hint: `The refused file would replace it. Run the sync again instead: ferry run ${from.job}`,
      },
    );
  }
  return sendKeptFile(options, { from, fetch: store.fetchRefused, what: 'The refused file' }, why);
}
