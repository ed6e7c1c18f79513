import { ConfigError } from '../../errors.ts';
import { toEventBridgeSchedule } from '../schedule/eventbridge-schedule.ts';
import type { FerryConfig } from '../schema/ferry-config.ts';

/** @returns the message of the ConfigError that `check` throws */
export function messageOfRefusal(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

/** One sentence for each schedule that Ferry's own process keeps and AWS does not, so that cdk refuses it. */
export function warnOfAwsSchedules({
  syncs,
  extractions,
}: Pick<FerryConfig, 'syncs' | 'extractions'>): string[] {
  return Object.entries({ ...syncs, ...extractions }).flatMap(([job, { schedule }]) => {
    const problem = schedule && messageOfRefusal(() => toEventBridgeSchedule(schedule));
    return problem === undefined
      ? []
      : [`${job}: ferry serve keeps this schedule, AWS does not: ${problem}.`];
  });
}
