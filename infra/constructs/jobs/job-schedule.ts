import { Duration, TimeZone } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  type IScheduleTarget,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { toEventBridgeSchedule } from '../../../shared/config/schedule/eventbridge-schedule.ts';
import type { ScheduleConfig } from '../../../shared/config/schema/ferry-config.ts';
import { toDuration } from '../../to-duration.ts';

export interface JobScheduleProps {
  job: string;
  schedule: ScheduleConfig;
  function: IFunction;
  /** The role that Scheduler starts functions with. */
  starter: IRole;
  /** Where deliveries go that Scheduler could not make. */
  deadLetters: IQueue;
}

/** Starts a job on its schedule, in its time zone. This is the only resource that a job needs. */
export class JobSchedule extends Construct {
  constructor(scope: Construct, id: string, props: JobScheduleProps) {
    super(scope, id);
    const { job, schedule } = props;
    const { expression, timezone } = toEventBridgeSchedule(schedule);
    // CDK's own target creates a role for each function, and lets it invoke every version.
    const target: IScheduleTarget = {
      bind: () => ({
        arn: props.function.functionArn,
        role: props.starter,
        // The planned time is the same at every delivery, and so is the run's id; an execution id would differ.
        input: ScheduleTargetInput.fromObject({ job, scheduledTime: ContextAttribute.scheduledTime }),
        retryPolicy: { maximumRetryAttempts: 5, maximumEventAgeInSeconds: Duration.hours(1).toSeconds() },
        deadLetterConfig: { arn: props.deadLetters.queueArn },
      }),
    };
    new Schedule(this, 'Schedule', {
      description: `Ferry: ${job}`,
      schedule: ScheduleExpression.expression(expression, TimeZone.of(timezone)),
      enabled: schedule.enabled,
      ...(schedule.window === undefined
        ? {}
        : { timeWindow: TimeWindow.flexible(toDuration(schedule.window)) }),
      target,
    });
  }
}
