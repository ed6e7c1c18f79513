import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { formatTable } from '../../cli/output/output.ts';
import { buildLambdaCode, buildServiceCode } from '../../infra/build-lambda-code.ts';
import { awsClientOptions } from '../../test/support/aws/aws-client-options.ts';
import { type MiniStack, startMiniStack } from '../../test/support/aws/mini-stack.ts';
import { createBucket } from '../../test/support/aws/mini-stack-bucket.ts';
import { queryAws, textsOf } from '../../test/support/aws/query-aws.ts';
import { startPolyteiaStandIn } from '../../test/support/polyteia/stand-in/stand-in.ts';
import { type PostgresServer, startPostgres } from '../../test/support/servers/postgres-server.ts';
import { sourceConfig } from '../../test/support/source/source-config.ts';
import { shareOfCpu } from '../cpu-share.ts';
import { createPostgresLineitem } from '../lineitem.ts';
import { median } from '../measured-process.ts';
import { startFunction, type Taken } from './runtime-api.ts';

/** Lambda gives a function one processor for each so many MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MEGABYTES_OF_ONE_PROCESSOR = 1_769;
const MEMORIES = [512, 1_769, 3_008];
/** Of init and of the first run each, at 1,769 MB; the services' memory is smaller, so theirs count at every size. */
const GOAL_SECONDS = { sync: 1, extract: 1, api: 0.5, watchdog: 0.5 };
const DATASET = 'ds_bench';
const [STATE, CONFIG] = ['ferry-bench-state', 'ferry-bench-config'];

type FunctionName = keyof typeof GOAL_SECONDS;
type Sample = Readonly<Record<'init' | 'first' | 'second', Taken>>;

/**
 * `npm run bench -- cold-start [--repeat 5] [--memory 512,1769,3008]`: the bundled functions as they are deployed, each
 * started by the runtime API of Lambda with the share of a processor that Lambda gives for its memory: how long until
 * it takes its first event (init), and until it has answered that (first run). Emulated: the download of the code and
 * the start of Lambda's own are not in it.
 */
export async function measureColdStart(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      repeat: { type: 'string', default: '5' },
      memory: { type: 'string', default: MEMORIES.join(',') },
    },
  });
  const memories = values.memory.split(',').map(Number);
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  process.stderr.write('Building the code …\n');
  const jobs = await buildLambdaCode(architecture, ['postgres_scanner']);
  const services = await buildServiceCode();
  const folders = { sync: jobs, extract: jobs, api: services, watchdog: services };
  await using aws = await startMiniStack();
  await using polyteia = await startPolyteiaStandIn({ datasets: [DATASET] });
  await using postgres = await startPostgres();
  await postgres.query(createPostgresLineitem(1_000));
  const environment = await setUp(aws, postgres, polyteia);
  const events: Record<FunctionName, () => unknown> = {
    sync: () => ({ job: 'orders', scheduledTime: new Date().toISOString() }),
    extract: () => ({ job: 'catalog', scheduledTime: new Date().toISOString() }),
    api: () => apiEvent,
    watchdog: () => ({}),
  };
  const measured = new Map<string, Sample[]>();
  for (let round = 0; round < Number(values.repeat); round += 1) {
    for (const memory of memories) {
      using share = shareOfCpu(memory / MEGABYTES_OF_ONE_PROCESSOR);
      for (const name of Object.keys(GOAL_SECONDS) as FunctionName[]) {
        process.stderr.write(`  round ${round + 1}, ${memory} MB: ${name} …\n`);
        await using started = await startFunction({
          folder: folders[name],
          handler: `${name}.handler`,
          environment: {
            ...environment,
            CONFIG_KEY: `${name}.json`,
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
          },
          command: share.wrap,
        });
        const first = await started.invoke(events[name]());
        assertWorked(name, first.answer);
        // Scheduled runs of the same millisecond are one run.
        await sleep(2);
        const second = await started.invoke(events[name]());
        assertWorked(name, second.answer);
        const key = `${name} ${memory}`;
        measured.set(key, [
          ...(measured.get(key) ?? []),
          { init: started.init, first: first.taken, second: second.taken },
        ]);
      }
    }
  }
  report(measured, memories, Number(values.repeat));
}

const apiEvent = {
  httpMethod: 'GET',
  path: '/jobs',
  headers: {},
  multiValueQueryStringParameters: null,
  body: null,
  isBase64Encoded: false,
  requestContext: { identity: { userArn: 'arn:aws:iam::000000000000:user/bench' } },
};

function assertWorked(name: FunctionName, answer: unknown): void {
  const { state, statusCode } = (answer ?? {}) as { state?: string; statusCode?: number };
  const works = name === 'api' ? statusCode === 200 : name === 'watchdog' || state === 'succeeded';
  if (!works) throw new Error(`The function ${name} answered ${JSON.stringify(answer)}.`);
}

/** The buckets, secrets and queue that the functions use, and their environment. */
async function setUp(
  aws: MiniStack,
  postgres: PostgresServer,
  polyteia: Awaited<ReturnType<typeof startPolyteiaStandIn>>,
): Promise<Record<string, string | undefined>> {
  const s3 = await createBucket(aws, STATE);
  await createBucket(aws, CONFIG);
  const source = sourceConfig(postgres, 'erp');
  const put = (name: FunctionName, document: unknown) =>
    s3.send(new PutObjectCommand({ Bucket: CONFIG, Key: `${name}.json`, Body: JSON.stringify(document) }));
  await put('sync', {
    version: 1,
    sources: { erp: source },
    polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
    syncs: {
      orders: { source: 'erp', dataset: DATASET, query: 'SELECT * FROM lineitem', whenUnchanged: 'upload' },
    },
  });
  await put('extract', {
    version: 1,
    sources: { erp: source },
    extractions: { catalog: { sources: ['erp'] } },
  });
  const job = { kind: 'sync', source: 'erp', function: 0 };
  await put('api', { orders: { ...job, dataset: DATASET, target: 'default' } });
  await put('watchdog', { orders: { ...job, timeoutMs: 900_000 } });
  const login = JSON.stringify({ username: postgres.user, password: postgres.password });
  const secrets = new SecretsManagerClient(await awsClientOptions(aws));
  await secrets.send(new CreateSecretCommand({ Name: 'erp', SecretString: login }));
  await secrets.send(new CreateSecretCommand({ Name: 'polyteia', SecretString: polyteia.personalAccessKey }));
  secrets.destroy();
  const sqs = await queryAws(aws, { service: 'sqs', version: '2012-11-05', region: aws.region });
  const created = await sqs('CreateQueue', { QueueName: 'dead-letters' });
  return {
    PATH: process.env.PATH,
    ...aws.environment,
    // By an address, S3 takes the bucket from the path: `bucket.localhost` has no address everywhere.
    AWS_ENDPOINT_URL: aws.endpoint.replace('localhost', '127.0.0.1'),
    STATE_BUCKET: STATE,
    CONFIG_BUCKET: CONFIG,
    STACK_NAME: 'Bench',
    FUNCTIONS: 'none',
    DEAD_LETTERS_URL: textsOf(created, 'QueueUrl')[0],
    API_URL: 'https://api.example.org/',
    TOPIC_ARN: '',
    WEBHOOK_SECRET: '',
    LANGUAGE: 'en',
    LOG_LEVEL: 'warn',
  };
}

function report(measured: ReadonlyMap<string, Sample[]>, memories: readonly number[], repeat: number): void {
  const rows = (Object.keys(GOAL_SECONDS) as FunctionName[]).flatMap((name) =>
    memories.map((memory) => {
      const samples = measured.get(`${name} ${memory}`) ?? [];
      const of = (key: keyof Sample, what: keyof Taken = 'seconds') =>
        median(samples.map((sample) => sample[key][what]));
      const goal = GOAL_SECONDS[name];
      const isGoal = memory === MEGABYTES_OF_ONE_PROCESSOR;
      const met = Math.max(of('init'), of('first')) <= goal ? 'met' : 'MISSED';
      return [
        name,
        String(memory),
        (memory / MEGABYTES_OF_ONE_PROCESSOR).toFixed(2),
        ...(['init', 'first', 'second'] as const).flatMap((key) => [
          of(key).toFixed(2),
          of(key, 'cpuSeconds').toFixed(2),
        ]),
        isGoal ? `${goal.toFixed(1)} each: ${met}` : '',
      ];
    }),
  );
  process.stdout.write(
    `\nEmulated cold starts (a control group's share of the processors; without the download of the code), median of ${repeat}\n\n${formatTable(
      [
        'FUNCTION',
        'MB',
        'PROCESSORS',
        'INIT s',
        'CPU s',
        'FIRST RUN s',
        'CPU s',
        'SECOND s',
        'CPU s',
        'GOAL',
      ],
      rows,
      [1, 2, 3, 4, 5, 6, 7, 8],
    )}\n`,
  );
}
