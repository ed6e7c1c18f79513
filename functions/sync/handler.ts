import { createJobHandler } from '../jobs/job-handler.ts';
import { createSyncFunction } from './sync-function.ts';

/** Runs one sync of this function's source, or checks what it needs. */
export const handler = createJobHandler(createSyncFunction);
