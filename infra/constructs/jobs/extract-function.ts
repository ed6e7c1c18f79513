import type { Construct } from 'constructs';
import { selectForFunction } from '../../../shared/config/deployment/deployed-config.ts';
import type { ExtractionFunctionPlan } from '../../../shared/config/deployment/job-functions.ts';
import type { FerryConfig } from '../../../shared/config/schema/ferry-config.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { grantOutput } from './extraction-output.ts';
import { JobRunner, type JobRunnerProps } from './job-runner.ts';

export interface ExtractFunctionProps extends JobRunnerProps {
  config: FerryConfig;
  plan: ExtractionFunctionPlan;
}

/**
 * The function that runs one extraction. It may read the secrets of all its sources, and write its output where no
 * other one may.
 */
export class ExtractFunction extends JobRunner {
  constructor(scope: Construct, id: string, { config, plan, ...props }: ExtractFunctionProps) {
    const { job } = plan;
    const extraction = config.extractions[job];
    if (!extraction) throw new ConfigError(`There is no extraction "${job}".`);
    const served = selectForFunction(config, plan);
    super(scope, id, props, {
      entry: 'extract',
      description: `Ferry: the extraction ${job}`,
      served,
      jobs: plan.jobs,
      keptFiles: {},
      otherSecrets: [],
      settings: plan.settings,
    });
    grantOutput(this.role, { job, config, extraction, state: props.state });
  }
}
