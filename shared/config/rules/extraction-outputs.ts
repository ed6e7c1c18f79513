import type { FerryConfig } from '../schema/ferry-config.ts';
import { applicationOf } from './extraction-application.ts';

/**
 * The extractions that write into the workflow folder of an earlier one: `latest.json` there would point to the files
 * of one, then to those of the other.
 */
export function findSharedOutputs(config: FerryConfig): { job: string; message: string }[] {
  const jobs = new Map<string, string>();
  return Object.entries(config.extractions).flatMap(([job, extraction]) => {
    const { workflowId = job, output } = extraction;
    const { bucket = '', prefix, layout } = output;
    // Both layouts of the SDK have the same folder.
    const place = layout === 'app' ? [] : [applicationOf(config, extraction)];
    const folder = JSON.stringify([bucket, prefix, place, workflowId]);
    const earlier = jobs.get(folder);
    if (earlier === undefined) {
      jobs.set(folder, job);
      return [];
    }
    const message = `writes to the same folder as "${earlier}": give one of them another workflowId, output.prefix or output.bucket`;
    return [{ job, message }];
  });
}
