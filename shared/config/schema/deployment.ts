import * as z from 'zod';
import { goDurationMs } from '../../text/go-duration.ts';
import { keyArn, topicArn } from './arns.ts';
import { durationBetween } from './duration.ts';
import { secretRef } from './secret-ref.ts';

/** The part of ferry.yaml about AWS: functions, their network, the bucket, whom to notify. */

/**
 * Settings of a Lambda function. The ranges are Lambda's, except for the minimum of memory: Node and DuckDB alone take
 * 200 MB.
 */
const functionFields = {
  memory: z
    .int()
    .min(512)
    .max(10_240)
    .optional()
    .describe(
      'Memory of the function in MB, 512 to 10240. Default: 2048. CPU scales with it: two processors from 1769 MB, six at 10240.',
    ),
  timeout: durationBetween('1m', '15m')
    .optional()
    .describe("How long a run may take: 1m to 15m. Default: 15m, Lambda's maximum."),
  ephemeralStorage: z
    .int()
    .min(512)
    .max(10_240)
    .optional()
    .describe(
      "Disk of the function in MB, 512 to 10240. Default: 4096. It holds the Parquet file and the data that does not fit into DuckDB's memory.",
    ),
};

export const functionSettings = z
  .strictObject(functionFields)
  .describe('The Lambda function that runs all syncs of this source.');
export type FunctionSettings = z.infer<typeof functionSettings>;

export const dedicated = z
  .strictObject(functionFields)
  .describe(
    'Gives this job its own Lambda function. Missing fields come from `function` of its source; {} is allowed.',
  );

const awsId = (prefix: string, kind: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `the id of a ${kind}: ${prefix}-…`);

/** A list of ids in which each may appear once. */
const awsIds = (prefix: string, kind: string) =>
  z
    .array(awsId(prefix, kind))
    .min(1)
    .refine((ids) => new Set(ids).size === ids.length, 'each id once: remove the ones that are there twice')
    .meta({ uniqueItems: true });

export const network = z
  .strictObject({
    vpcId: awsId('vpc', 'VPC').describe('VPC that the functions of this source run in.'),
    subnetIds: awsIds('subnet', 'subnet')
      .max(16)
      .describe('Private subnets of that VPC; with two in different zones, jobs survive the loss of one.'),
    securityGroupIds: awsIds('sg', 'security group')
      .max(5)
      .optional()
      .describe(
        'Security groups of the functions. Default: the stack creates one that may connect anywhere, and prints its id.',
      ),
    egress: z
      .enum(['nat', 'none'])
      .default('none')
      .describe(
        'Whether the subnets have a route to the internet. nat: they do, through a NAT gateway, a firewall or a transit gateway; none: there are only VPC endpoints. The stack creates nothing for it: Ferry uses it to warn about syncs that cannot reach Polyteia.',
      ),
  })
  .describe('The VPC from which to reach this source. Without it, the functions run outside any VPC.');
export type NetworkConfig = z.infer<typeof network>;

/** A window that Scheduler accepts: whole minutes, at most a day. */
export const scheduleWindow = durationBetween('1m', '24h')
  .refine((text) => (goDurationMs(text) ?? 0) % 60_000 === 0, 'whole minutes, such as 15m or 1h30m')
  .describe(
    'Lets AWS start the job at any moment within this time after the planned one, 1m to 24h, to spread jobs that share a minute. Default: in the planned minute.',
  );

export const kmsKeyArn = keyArn.describe(
  'Customer-managed key for everything that the stack keeps: the bucket, the logs, the dead-letter queue and the topic. The functions may use it; its policy must admit CloudWatch (docs/deploy.md). Default: keys of AWS.',
);

export const bucketName = z
  .string()
  .regex(
    // Parts with periods between them, each of which begins and ends with a letter or digit; no IP address. A date in
    // four parts, 2024.10.01.1, is none.
    /^(?=.{3,63}$)(?!\d{1,3}(\.\d{1,3}){3}$)[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*$/,
    'the name of an S3 bucket',
  )
  .describe(
    'Name of an existing bucket for run records, baselines and refused files, such as one that an earlier stack left behind. Default: the stack creates one, which stays when the stack is destroyed.',
  );

/** Of a bucket, a function or a role. */
const MOST_TAGS = 50;

export const tags = z
  .record(
    z
      .string()
      .regex(/^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu, 'a tag key that does not begin with aws:'),
    z.string().regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u, "a tag's value"),
  )
  .refine((value) => Object.keys(value).length <= MOST_TAGS, `at most ${MOST_TAGS} tags`)
  // IAM refuses roles with such keys, in the middle of a deployment.
  .refine(
    (value) => new Set(Object.keys(value).map((key) => key.toLowerCase())).size === Object.keys(value).length,
    'keys that differ in more than upper and lower case',
  )
  .meta({ maxProperties: MOST_TAGS })
  .describe('Tags on everything that the stack creates, by key.');

// The values that CloudWatch Logs accepts:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

export const logRetention = z
  .literal(retentionDays)
  .describe(
    'Days to keep logs: 1, 3, 5, 7, 14, 30, 60, 90 … 3653, the values that CloudWatch supports. Default: 90.',
  );

export const logGroup = z
  .string()
  .regex(/^(?!aws\/)[\w./#-]{1,512}$/, "a log group's name")
  .describe(
    'Name of an existing CloudWatch log group for all logs of the stack, such as one that your company has set up. Its retention and its key stay as they are, whatever logRetention and kmsKeyArn say. Default: the stack creates a group for each function.',
  );

export const alerts = z
  .strictObject({
    email: z
      .array(z.email('an e-mail address'))
      .min(1)
      .optional()
      .describe('Addresses to notify. AWS asks each one to confirm first.'),
    topicArn: topicArn
      .optional()
      .describe(
        "An existing SNS topic to publish to, in the stack's region; its policy must allow CloudWatch to publish. Default: the stack creates one.",
      ),
    webhook: secretRef
      .optional()
      .describe(
        'Secret with the address of a webhook (Slack, Teams, or your own): the address itself, or {"url": "https://…"}.',
      ),
  })
  .refine((value) => Object.values(value).some((way) => way !== undefined), {
    error: 'at least one of email, topicArn and webhook',
  })
  .describe(
    'Whom to notify when jobs fail, do not run, work again, or come near their limits (docs/alerts.md). Without it, nobody is notified.',
  );
export type AlertsConfig = z.infer<typeof alerts>;

export const dashboard = z
  .boolean()
  .describe(
    'Whether the stack creates a CloudWatch dashboard of its jobs. CloudWatch charges for each dashboard after the third.',
  );

export const jobMetrics = z
  .boolean()
  .default(true)
  .describe(
    'Whether CloudWatch gets metrics of each job: failures, duration, rows. CloudWatch charges for them in each hour with a run; records, alerts and the API do not need them. Default: true.',
  );

export const api = z
  .strictObject({
    accessLogs: z
      .boolean()
      .default(false)
      .describe(
        'Whether API Gateway logs each request. The account needs a role for that, which Ferry does not set (docs/deploy.md).',
      ),
    vpcEndpointIds: awsIds('vpce', 'VPC endpoint')
      .max(5)
      .optional()
      .describe(
        'Interface endpoints for execute-api through which alone the API can be called: it is private then. Default: a regional address, which anybody may reach and only signed callers may use.',
      ),
  })
  .describe('Settings of the API.');
