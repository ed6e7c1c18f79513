import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AlertsConfig } from '../../shared/config/schema/deployment.ts';
import type { Language } from '../../shared/config/schema/language.ts';
import { alarmTexts } from './alarm-texts.ts';
import { assertRegion } from './assert-region.ts';
import type { CustomerKey } from './customer-key.ts';

export interface AlertsProps extends Pick<AlertsConfig, 'email' | 'topicArn'> {
  deadLetters: IQueue;
  /** Encrypts the topic that is created; the policy of the key must admit CloudWatch. */
  key: CustomerKey | undefined;
  /** Of the alarms. */
  language: Language;
}

/** The topic that notifies people, and the alarms that do not depend on Ferry's code. */
export class Alerts extends Construct {
  readonly topic: ITopic;

  /** @throws ConfigError for a topic of another region */
  constructor(
    scope: Construct,
    id: string,
    { email = [], topicArn, deadLetters, key, language }: AlertsProps,
  ) {
    super(scope, id);
    this.topic = topicArn === undefined ? this.#create(key) : this.#adopt(topicArn);
    for (const address of new Set(email)) this.topic.addSubscription(new EmailSubscription(address));
    const lost = new Alarm(this, 'DeadLettersAlarm', {
      alarmDescription: alarmTexts[language].lostStarts,
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: 'Maximum',
      }),
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      // The watchdog reports lost starts and removes them within two rounds. This alarm rings when it does not.
      evaluationPeriods: 3,
      // SQS reports nothing about a queue that nobody has used for six hours.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    lost.addAlarmAction(new SnsAction(this.topic));
  }

  #adopt(topicArn: string): ITopic {
    // CloudWatch takes topics of its own region only.
    assertRegion(this, { field: 'alerts.topicArn', kind: 'topic', arn: topicArn });
    return Topic.fromTopicArn(this, 'Adopted', topicArn);
  }

  #create(key: CustomerKey | undefined): Topic {
    // Not with AWS's own key, whose policy no one can change: CloudWatch could not publish then.
    const topic = new Topic(this, 'Topic', { enforceSSL: true, ...(key ? { masterKey: key.key } : {}) });
    // This policy replaces the default one, which lets every service of the account in.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    return topic;
  }
}
