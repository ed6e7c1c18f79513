import { Duration } from 'aws-cdk-lib';
import { goDurationMs } from '../shared/text/go-duration.ts';

/** A checked duration of the configuration, for CDK; anything finer than a second is cut off. */
export function toDuration(text: string): Duration {
  return Duration.seconds(Math.floor((goDurationMs(text) ?? 0) / 1000));
}
