import { StorageUnavailableError } from '../errors.ts';
import type { DocumentStore } from '../runs/documents/document-store.ts';
import { type CheckResult, failedCheck } from './check-result.ts';

/**
 * Does what a run does with Ferry's state: writes a document of the job, reads it back, and asks for a missing one, for
 * which S3 requires a separate permission.
 */
export async function checkState(
  job: string,
  state: Pick<DocumentStore, 'put' | 'get'>,
  now: () => Date = () => new Date(),
): Promise<CheckResult[]> {
  const key = `jobs/${job}/check.json`;
  const body = JSON.stringify({ schemaVersion: 1, checkedAt: now().toISOString() });
  const steps: [string, () => Promise<string>][] = [
    [
      'state: write',
      async () => {
        await state.put(key, body);
        return key;
      },
    ],
    [
      'state: read',
      async () => {
        if ((await state.get(key)) === undefined)
          throw new StorageUnavailableError(`${key} is missing after it was written.`);
        return key;
      },
    ],
    [
      'state: absent',
      async () => {
        await state.get(`jobs/${job}/check-absent.json`);
        return 'reading a missing document reports that it is missing';
      },
    ],
  ];
  const results: CheckResult[] = [];
  for (const [check, run] of steps) {
    try {
      results.push({ check, status: 'ok', detail: await run() });
    } catch (error) {
      results.push(failedCheck(check, error));
    }
  }
  return results;
}
