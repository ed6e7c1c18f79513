import { createHash } from 'node:crypto';
import type { JobDescription, RunOptions } from './job.ts';
import type { RunRecord } from './records/run-record.ts';

/** The record of a run that begins now. */
export function startRecord(
  job: JobDescription,
  id: string,
  { trigger }: Pick<RunOptions, 'trigger'>,
): RunRecord {
  const startedAt = new Date().toISOString();
  const { name, config, slots: _slots, ...about } = job;
  return {
    schemaVersion: 1,
    id,
    job: name,
    ...about,
    state: 'running',
    trigger: trigger.type,
    ...(trigger.type === 'schedule'
      ? { scheduledTime: trigger.scheduledTime }
      : { triggeredBy: trigger.triggeredBy }),
    startedAt,
    attempts: [{ startedAt }],
    phases: [],
    warnings: [],
    configHash: createHash('sha256').update(JSON.stringify(config)).digest('hex'),
  };
}
