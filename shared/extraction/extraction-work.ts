import { applicationOf } from '../config/rules/extraction-application.ts';
import { sourcesOf } from '../config/rules/extraction-sources.ts';
import type { ExtractionConfig, FerryConfig, SourceConfig } from '../config/schema/ferry-config.ts';
import { asSentence, unknownNameMessage } from '../config/unknown-name.ts';
import { ConfigError } from '../errors.ts';
import type { JobDescription, RunOptions } from '../runs/job.ts';
import type { JobReading } from '../source/job-reading.ts';
import type { OutputStore } from './output/output-store.ts';

export interface RunExtractionOptions extends RunOptions, JobReading {
  /** Where the files go (open-output-store.ts). */
  output: OutputStore;
}

/** An extraction with its sources and target resolved. */
export type ExtractionWork = RunExtractionOptions & {
  extraction: ExtractionConfig;
  /** Id of the workflow, for keys and entities. */
  workflowId: string;
  /** In keys. */
  application: string;
  /** The sources, ordered by name. */
  sources: readonly { name: string; source: SourceConfig }[];
};

/**
 * An extraction of the configuration, with its sources ordered by name.
 *
 * @throws ConfigError when none has that name
 */
export function findExtraction(
  config: FerryConfig,
  job: string,
): Pick<ExtractionWork, 'extraction' | 'workflowId' | 'application' | 'sources'> {
  const { extractions } = config;
  const extraction = Object.hasOwn(extractions, job) ? extractions[job] : undefined;
  if (!extraction)
    throw new ConfigError(asSentence(unknownNameMessage('extraction', job, Object.keys(extractions))));
  const sources = sourcesOf(config, extraction).map((name) => {
    const source = config.sources[name];
    if (!source) throw new ConfigError(`There is no source "${name}".`);
    return { name, source };
  });
  const application = applicationOf(config, extraction);
  return { extraction, workflowId: extraction.workflowId ?? job, application, sources };
}

/** The work of an extraction's run, before it begins. */
export function describeExtraction({
  job,
  config,
  extraction,
  sources,
}: Pick<ExtractionWork, 'job' | 'config' | 'extraction' | 'sources'>): JobDescription {
  const slots = sources.flatMap(({ name, source: { maxConcurrentRuns: limit } }) =>
    limit === undefined ? [] : [[name, limit] as const],
  );
  return {
    name: job,
    kind: 'extraction',
    sources: sources.map(({ name }) => name),
    slots: Object.fromEntries(slots),
    config: {
      extraction,
      // The number of concurrent runs does not change what a run does.
      sources: sources.map(({ name, source: { maxConcurrentRuns: _limit, ...read } }) => ({ name, ...read })),
      tenant: config.atlan.tenant,
    },
  };
}
