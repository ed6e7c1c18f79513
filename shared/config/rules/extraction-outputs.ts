import type { FerryConfig } from '../schema/ferry-config.ts';

/**
 * The extractions that write into the workflow folder of an earlier one: `latest.json` there would point to the files
 * of one, then to those of the other.
 */
export function findSharedOutputs({ extractions }: FerryConfig): { job: string; message: string }[] {
  const jobs = new Map<string, string>();
  return Object.entries(extractions).flatMap(([job, { workflowId = job, output }]) => {
    const { bucket = '', prefix, layout, application } = output;
    const folder = JSON.stringify([bucket, prefix, layout, layout === 'sdk' ? application : '', workflowId]);
    const earlier = jobs.get(folder);
    if (earlier === undefined) {
      jobs.set(folder, job);
      return [];
    }
    const message = `writes to the same folder as "${earlier}": give one of them another workflowId, output.prefix or output.bucket`;
    return [{ job, message }];
  });
}
