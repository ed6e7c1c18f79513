import { createHash } from 'node:crypto';

/**
 * A name of the file in letters and digits, which is all that CloudFormation allows in ids. Two names must not become
 * the same id. CDK believes that a construct called `constructor` or `toString` exists already, because every object
 * has these.
 */
export function logicalId(name: string): string {
  const letters = name.replaceAll(/[^A-Za-z0-9]/g, '');
  return letters === name && !(name in Object.prototype)
    ? name
    : `${letters}${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

/** What the outputs of a Ferry begin with that is a part of a stack, by its path in the stack: `Data` of `Data`. */
export const outputPrefix = (place: string) => place.replaceAll(/[^A-Za-z0-9]/g, '');

/** The stack's output that names the function for the syncs of a source. */
export const functionOutputOfSource = (source: string) => `SyncFunction${logicalId(source)}`;

/** The stack's output that names the dedicated function of a job. */
export const functionOutputOfJob = (job: string) => `DedicatedFunction${logicalId(job)}`;

/** The stack's output that names the function of an extraction. */
export const functionOutputOfExtraction = (job: string) => `ExtractFunction${logicalId(job)}`;
