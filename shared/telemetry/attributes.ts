/** The names of Ferry's own attributes, of spans and of metrics. */
export const JOB_NAME = 'ferry.job.name';
export const JOB_KIND = 'ferry.job.kind';
export const RUN_ID = 'ferry.run.id';
export const RUN_STATE = 'ferry.run.state';
export const PHASE = 'ferry.phase.name';
export const ERROR_TYPE = 'error.type';
