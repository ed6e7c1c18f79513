import type { Construct } from 'constructs';
import { selectForFunction } from '../../../shared/config/deployment/deployed-config.ts';
import type { SyncFunctionPlan } from '../../../shared/config/deployment/job-functions.ts';
import type { FerryConfig } from '../../../shared/config/schema/ferry-config.ts';
import { JobRunner, type JobRunnerProps } from './job-runner.ts';

export interface SyncFunctionProps extends JobRunnerProps {
  config: FerryConfig;
  plan: SyncFunctionPlan;
}

/** The function that runs the syncs of one source, or a dedicated one of them. */
export class SyncFunction extends JobRunner {
  constructor(scope: Construct, id: string, { config, plan, ...props }: SyncFunctionProps) {
    const served = selectForFunction(config, plan);
    super(scope, id, props, {
      entry: 'sync',
      description:
        plan.dedicatedTo === undefined
          ? `Ferry: syncs of the source ${plan.source}`
          : `Ferry: the sync ${plan.dedicatedTo}`,
      served,
      jobs: plan.jobs,
      keptFiles: {
        refused: plan.jobs,
        archive: plan.jobs.filter((job) => config.syncs[job]?.archive !== undefined),
      },
      otherSecrets: Object.values(served.polyteia ?? {}).map(({ token }) => token),
      settings: plan.settings,
    });
  }
}
