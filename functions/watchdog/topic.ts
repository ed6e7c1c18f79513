import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { NotificationError } from '../../shared/errors.ts';
import type { Channel } from '../../shared/watchdog/alerts/channel.ts';

/** The SNS topic for mail addresses and other subscribers. */
export function createTopic(client: Pick<SNSClient, 'send'>, TopicArn: string): Channel {
  return {
    name: 'topic',
    async send({ subject, text }) {
      try {
        await client.send(new PublishCommand({ TopicArn, Subject: subject, Message: text }));
      } catch (error) {
        const name = error instanceof Error ? error.name : 'unknown error';
        throw new NotificationError(`Ferry cannot publish to the SNS topic (${name}).`, {
          cause: error,
          hint: 'The policy of your own topic must let the watchdog’s role publish, and its KMS key must let it encrypt.',
        });
      }
    },
  };
}
