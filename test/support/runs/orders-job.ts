import type { JobDescription } from '../../../shared/runs/job.ts';

/** A sync as runJob() knows it, for tests in which it does not matter what a job does. */
export const ordersJob = {
  name: 'orders',
  kind: 'sync',
  source: 'erp',
  dataset: 'ds_a',
  target: 'default',
  config: {},
} as const satisfies JobDescription;
