import { InvokeCommand, type LambdaClient, TooManyRequestsException } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { createStarter } from '../../../functions/api/start-function.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

const request = { job: 'orders', runId: '01a1fc88-01c9-775f-ad30-4e002322510b', triggeredBy: 'arn:x' };

function start(send: (command: InvokeCommand) => Promise<unknown>) {
  const logged: string[] = [];
  const run = createStarter({
    lambda: { send } as unknown as LambdaClient,
    functionOf: async (job) => `Ferry-${job}`,
    logger: createLogger({ level: 'info', destination: { write: (line) => logged.push(line) } }),
  });
  return { run, logged };
}

describe('the start of a function', () => {
  it('hands over the request, and does not wait for the run', async () => {
    const sent: InvokeCommand[] = [];
    await start(async (command) => sent.push(command)).run(request);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toBeInstanceOf(InvokeCommand);
    expect(sent[0]?.input).toMatchObject({ FunctionName: 'Ferry-orders', InvocationType: 'Event' });
    expect(JSON.parse(Buffer.from(sent[0]?.input.Payload as Uint8Array).toString())).toEqual(request);
  });

  it('tells the caller and the log which error it failed with, but not its text', async () => {
    const throttled = new TooManyRequestsException({ message: 'internals', $metadata: {} });
    const { run, logged } = start(() => Promise.reject(throttled));
    const detail = 'The function that runs "orders" could not be started (TooManyRequestsException).';
    await expect(run(request)).rejects.toMatchObject({ status: 503, message: detail });
    const [line = '{}'] = logged;
    expect(JSON.parse(line)).toMatchObject({ run: request.runId, function: 'Ferry-orders' });
    expect(line).toContain('TooManyRequestsException');
    expect(line).not.toContain('internals');
  });
});
