import { Duration } from 'aws-cdk-lib';
import { goDurationMs } from '../shared/text/go-duration.ts';

/** A duration of the configuration, which has been checked, as CDK has it; what is finer than a second is cut off. */
export function toDuration(text: string): Duration {
  return Duration.seconds(Math.floor((goDurationMs(text) ?? 0) / 1000));
}
