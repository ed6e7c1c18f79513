import { Duration, TimeZone } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { toEventBridgeSchedule } from '../../shared/config/eventbridge-schedule.ts';
import type { ScheduleConfig } from '../../shared/config/schema.ts';

export interface JobScheduleProps {
  job: string;
  schedule: ScheduleConfig;
  function: IFunction;
  /** Where deliveries go that Scheduler could not make. */
  deadLetters: IQueue;
}

/** Starts a job by its schedule, in its time zone. */
export class JobSchedule extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { job, schedule, function: target, deadLetters }: JobScheduleProps,
  ) {
    super(scope, id);
    const { expression, timezone } = toEventBridgeSchedule(schedule);
    new Schedule(this, 'Schedule', {
      description: `Ferry: ${job}`,
      schedule: ScheduleExpression.expression(expression, TimeZone.of(timezone)),
      enabled: schedule.enabled,
      target: new LambdaInvoke(target, {
        // The planned time is the same at every delivery, so that a run's identity is; an execution id would not be.
        input: ScheduleTargetInput.fromObject({ job, scheduledTime: ContextAttribute.scheduledTime }),
        retryAttempts: 5,
        maxEventAge: Duration.hours(1),
        deadLetterQueue: deadLetters,
      }),
    });
  }
}
