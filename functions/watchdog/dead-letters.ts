import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DeadLetterQueue } from '../../shared/watchdog/repairs/dead-letter.ts';

// Longer than a round, so that a round does not see a message twice; shorter than the time to the next one.
const HIDDEN_SECONDS = 150;

/** The dead-letter queue as the watchdog sees it. */
export function createDeadLetterQueue(client: Pick<SQSClient, 'send'>, QueueUrl: string): DeadLetterQueue {
  return {
    async receive() {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: HIDDEN_SECONDS,
          WaitTimeSeconds: 0,
          MessageSystemAttributeNames: ['SentTimestamp'],
          MessageAttributeNames: ['ERROR_CODE'],
        }),
      );
      return Messages.map(
        ({ MessageId = '', Body = '', ReceiptHandle = '', Attributes, MessageAttributes }) => ({
          id: MessageId,
          body: Body,
          receipt: ReceiptHandle,
          sentAt: new Date(Number(Attributes?.SentTimestamp ?? Date.now())).toISOString(),
          errorCode: MessageAttributes?.ERROR_CODE?.StringValue,
        }),
      );
    },
    async remove(ReceiptHandle) {
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    },
  };
}
