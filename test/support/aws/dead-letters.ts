import { waitFor } from '../processes/wait-for.ts';
import type { MiniStack } from './mini-stack.ts';
import { queryAws, textsOf } from './query-aws.ts';

/** Waits for a message in a queue that reports a function's event, given up after its last try. */
export async function receiveDeadLetter(
  aws: MiniStack,
  QueueUrl: string,
  timeoutMs: number,
): Promise<{ requestPayload: unknown; responsePayload: { errorType: string; errorMessage: string } }> {
  const ask = await queryAws(aws, { service: 'sqs', version: '2012-11-05', region: aws.region });
  return waitFor(
    'a dead letter',
    async () => {
      const [body] = textsOf(await ask('ReceiveMessage', { QueueUrl }), 'Body');
      return body === undefined ? undefined : JSON.parse(body);
    },
    timeoutMs,
  );
}
