import type { ExtractionOutput } from '../config/schema/extraction.ts';
import { ConfigError } from '../errors.ts';
import type { RunRecord } from '../runs/records/run-record.ts';
import type { RunRequest } from '../runs/records/run-request.ts';
import { findExtraction, type RunExtractionOptions } from './extraction-work.ts';
import type { OutputStore } from './output/output-store.ts';
import { runExtraction } from './run-extraction.ts';

/**
 * Runs an extraction, into the place that it names.
 *
 * @param openOutput opens that place
 * @throws ConfigError when there is no such extraction, or the kept file of an earlier run is wanted: it has none
 */
export async function executeExtraction(
  work: Omit<RunExtractionOptions, 'output'>,
  { accept, resend }: Pick<RunRequest, 'accept' | 'resend'>,
  openOutput: (output: ExtractionOutput) => Promise<OutputStore>,
): Promise<RunRecord> {
  const { job, config } = work;
  if (accept || resend)
    throw new ConfigError(`"${job}" is an extraction: it has no files to accept or resend.`);
  return runExtraction({ ...work, output: await openOutput(findExtraction(config, job).extraction.output) });
}
