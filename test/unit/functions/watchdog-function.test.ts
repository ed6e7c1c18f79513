import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { functionUrl } from '../../../functions/watchdog/console.ts';
import { createDeadLetterQueue } from '../../../functions/watchdog/dead-letters.ts';
import { createDeployedStarts } from '../../../functions/watchdog/deployed-starts.ts';
import { createTopic } from '../../../functions/watchdog/topic.ts';
import { createWatchdogFunction } from '../../../functions/watchdog/watchdog-function.ts';
import { createRunRequestStore } from '../../../shared/runs/records/run-request-store.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { MINUTE, unscheduled, watchdogWorld } from '../../support/watchdog.ts';

const environment = {
  STATE_BUCKET: 's',
  CONFIG_BUCKET: 'c',
  CONFIG_KEY: 'k',
  FUNCTIONS: 'first,second',
  STACK_NAME: 'Ferry',
  DEAD_LETTERS_URL: 'https://queue.example.org',
  API_URL: 'https://api.example.org/v1/',
  TOPIC_ARN: '',
  WEBHOOK_SECRET: '',
  LANGUAGE: 'en' as const,
  LOG_LEVEL: 'error' as const,
};

function watchdog(changes: Partial<typeof environment> = {}, index: string | undefined = undefined) {
  const one = watchdogWorld({});
  const lines: string[] = [];
  const invoked: [string, unknown][] = [];
  const read: unknown[] = [];
  const stored = index ?? JSON.stringify({ orders: { ...unscheduled, function: 1 } });
  const round = createWatchdogFunction({
    environment: { ...environment, ...changes },
    region: 'eu-central-1',
    starts: createDeployedStarts({
      environment,
      config: { get: async () => (stored === 'none' ? undefined : stored) },
      invoke: async (name, event) => {
        invoked.push([name, event]);
      },
    }),
    documents: one.documents,
    runs: one.runs,
    requests: createRunRequestStore(one.documents),
    deadLetters: { receive: async () => [], remove: async () => {} },
    topic: changes.TOPIC_ARN ? one.channels[0] : undefined,
    secrets: {
      read: async (ref) => {
        read.push(ref);
        return 'no address';
      },
    },
    logger: createLogger({ level: 'silent' }),
    writeLine: (line) => lines.push(line),
  });
  return { one, round, lines, invoked, read };
}

const failed = { state: 'failed' as const, error: { class: 'AuthError', message: 'no' } };

describe('the watchdog function', () => {
  it('says where to look, and writes metrics for the alarm', async () => {
    const { one, round, lines } = watchdog({ TOPIC_ARN: 'arn' });
    await one.ended(failed);
    await round();
    expect(one.sent[0]?.text).toContain(functionUrl('eu-central-1', 'second'));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      Stack: 'Ferry',
      AlertsSent: 1,
      NotificationsFailed: 0,
    });
  });

  it.each([
    ['ferry/hook', 'ferry/hook'],
    [
      'arn:aws:secretsmanager:eu-central-1:1:secret:hook',
      { arn: 'arn:aws:secretsmanager:eu-central-1:1:secret:hook' },
    ],
  ])('counts a webhook that cannot be called: %s', async (WEBHOOK_SECRET, ref) => {
    const { one, round, lines, read } = watchdog({ WEBHOOK_SECRET });
    await one.ended(failed);
    await round();
    expect(read).toEqual([ref]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ AlertsSent: 0, NotificationsFailed: 1 });
  });

  it('starts the function that runs a job', async () => {
    const { one, round, invoked } = watchdog();
    // The function's clock is the real one.
    const startedAt = new Date(Date.now() - MINUTE).toISOString();
    await one.running({ state: 'ingesting', startedAt, trigger: 'schedule', scheduledTime: startedAt });
    one.wait(MINUTE);
    expect(await round()).toMatchObject({ repaired: 1 });
    expect(invoked).toEqual([['second', { job: 'orders', scheduledTime: startedAt }]]);
  });

  it('fails after its round when one of its documents cannot be read, so that its alarm rings', async () => {
    const { one, round, lines } = watchdog({ TOPIC_ARN: 'arn' });
    await one.ended(failed);
    await one.documents.replace('alerts/Ferry/orders.overdue.json', '', undefined);
    await expect(round()).rejects.toMatchObject({ class: 'StateError' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ AlertsSent: 1 });
  });

  it('fails when it does not know its jobs', async () => {
    await expect(watchdog({}, 'none').round()).rejects.toMatchObject({ class: 'ConfigError' });
  });
});

describe('the services around it', () => {
  const client = (answer: unknown) => {
    const inputs: unknown[] = [];
    const send = async ({ input }: { input: unknown }) => {
      inputs.push(input);
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return { inputs, client: { send } as never };
  };
  const message = { subject: 's', text: 't', stack: 'Ferry', alerts: [] };

  it('publishes to the topic', async () => {
    const { inputs, client: sns } = client({});
    await createTopic(sns, 'arn').send(message);
    expect(inputs).toEqual([{ TopicArn: 'arn', Subject: 's', Message: 't' }]);
  });

  it('reports the class of the error when a topic refuses a message', async () => {
    const error = Object.assign(new Error('secret'), { name: 'AuthorizationErrorException' });
    await expect(createTopic(client(error).client, 'arn').send(message)).rejects.toMatchObject({
      class: 'NotificationError',
      message: 'Ferry cannot publish to the SNS topic (AuthorizationErrorException).',
    });
  });

  it('reads lost starts with Scheduler’s reason, and removes them', async () => {
    const { inputs, client: sqs } = client({
      Messages: [
        {
          MessageId: 'm',
          Body: '{}',
          ReceiptHandle: 'r',
          Attributes: { SentTimestamp: '1795145400000' },
          MessageAttributes: { ERROR_CODE: { StringValue: 'THROTTLING' } },
        },
      ],
    });
    const queue = createDeadLetterQueue(sqs, 'url');
    expect(await queue.receive()).toEqual([
      { id: 'm', body: '{}', receipt: 'r', sentAt: '2026-11-20T03:30:00.000Z', errorCode: 'THROTTLING' },
    ]);
    await queue.remove('r');
    expect(inputs.at(-1)).toEqual({ QueueUrl: 'url', ReceiptHandle: 'r' });
  });

  it.each([
    ['eu-central-1', 'https://eu-central-1.console.aws.amazon.com/lambda/'],
    ['cn-north-1', 'https://console.amazonaws.cn/lambda/'],
    ['us-gov-west-1', 'https://console.amazonaws-us-gov.com/lambda/'],
  ])('knows the console of %s', (region, expected) => {
    expect(functionUrl(region, 'f')).toContain(expected);
  });
});

describe('its code', () => {
  it('does not load DuckDB: a round begins at once, in little memory', async () => {
    const { metafile } = await build({
      entryPoints: [fileURLToPath(new URL('../../../functions/watchdog/handler.ts', import.meta.url))],
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      external: ['@duckdb/*'],
      logLevel: 'silent',
    });
    const imports = Object.values(metafile.outputs).flatMap((output) =>
      output.imports.map(({ path }) => path),
    );
    expect(imports).toContain('node:fs/promises');
    expect(imports.filter((path) => path.startsWith('@duckdb'))).toEqual([]);
  });
});
