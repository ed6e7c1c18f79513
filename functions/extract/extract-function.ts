import { checkExtractionJob } from '../../shared/checks/check-extraction-job.ts';
import { answerProbe } from '../../shared/checks/probe-request.ts';
import { answerQueryProbe } from '../../shared/checks/query-probe.ts';
import type { ExtractionOutput } from '../../shared/config/schema/extraction.ts';
import { executeExtraction } from '../../shared/extraction/execute-extraction.ts';
import { findExtraction } from '../../shared/extraction/extraction-work.ts';
import type { OutputStore } from '../../shared/extraction/output/output-store.ts';
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
  return createJobFunction(dependencies, {
    kind: 'extraction',
    check: async (work) => {
      const { output } = findExtraction(work.config, work.job).extraction;
      return checkExtractionJob({ ...work, output: await openOutput(output) });
    },
    probe: answerProbe,
    describe: answerQueryProbe,
    run: (event, work) => executeExtraction(work, 'runId' in event ? event : {}, openOutput),
  });
}
