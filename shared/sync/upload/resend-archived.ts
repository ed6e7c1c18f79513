import { ConfigError } from '../../errors.ts';
import type { RunRecord } from '../../runs/records/run-record.ts';
import { unknownRun } from '../../runs/unknown-run.ts';
import { assertOfSync, findEarlierRun, type KeptFileOptions, sendKeptFile } from './send-kept-file.ts';

/**
 * Sends the file of an earlier run again, from the archive: the way back after a wrong result has replaced a good one.
 *
 * @param archivedId id of the run that sent it
 * @throws ConfigError when the run does not exist, or its file is not in the archive
 */
export async function resendArchived(
  options: KeptFileOptions,
  archivedId: string,
  why: string | undefined,
): Promise<RunRecord> {
  const { store } = options;
  const from = await findEarlierRun(options, archivedId);
  assertOfSync(from);
  if (!from) throw unknownRun(archivedId);
  if (!from.archived) {
    throw new ConfigError(`The file of run ${archivedId} was not archived.`, {
      hint: `Set archive: { keep: 30 } on the sync ${from.job} to keep the files of its runs from now on.`,
    });
  }
  return sendKeptFile(options, { from, fetch: store.fetchArchived, what: 'The archived file' }, why);
}
