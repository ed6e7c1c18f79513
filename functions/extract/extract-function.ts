import { checkExtractionJob } from '../../shared/checks/check-extraction-job.ts';
import type { ExtractionOutput } from '../../shared/config/schema/extraction.ts';
import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import { ConfigError } from '../../shared/errors.ts';
import { findExtraction } from '../../shared/extraction/extraction-work.ts';
import type { OutputStore } from '../../shared/extraction/output/output-store.ts';
import { runExtraction } from '../../shared/extraction/run-extraction.ts';
import { createJobFunction, type JobFunction, type JobFunctionDependencies } from '../jobs/job-function.ts';

export interface ExtractFunctionDependencies extends JobFunctionDependencies {
  /** Opens the place where an extraction's files go. */
  openOutput: (output: ExtractionOutput) => Promise<OutputStore>;
}

/** The function for extractions, without Lambda around it. */
export function createExtractFunction({
  openOutput,
  ...dependencies
}: ExtractFunctionDependencies): JobFunction {
  const outputOf = ({ config, job }: { config: FerryConfig; job: string }) =>
    openOutput(findExtraction(config, job).extraction.output);
  return createJobFunction(dependencies, {
    kind: 'extraction',
    check: async (work) => checkExtractionJob({ ...work, output: await outputOf(work) }),
    async run(event, work) {
      if ('accept' in event || 'resend' in event)
        throw new ConfigError(`"${work.job}" is an extraction: it has no files to accept or resend.`);
      return runExtraction({ ...work, output: await outputOf(work) });
    },
  });
}
