import * as z from 'zod';
import { NAME_FORM, NAME_WORDS } from '../job-name.ts';
import { isTimeZone } from '../schedule/time-zone.ts';
import {
  alerts,
  api,
  bucketName,
  dashboard,
  dedicated,
  functionSettings,
  jobMetrics,
  kmsKeyArn,
  logGroup,
  logRetention,
  network,
  scheduleWindow,
  tags,
} from './deployment.ts';
import { atlan, atlanConnection, clonedInformationSchema, extractionFields } from './extraction.ts';
import { guards } from './guards.ts';
import { language } from './language.ts';
import { drivers, findOdbcProblems, odbc } from './odbc.ts';
import { polyteiaTarget } from './polyteia-target.ts';
import { findAuthProblems, sourceAuth } from './source-auth.ts';
import { telemetry } from './telemetry.ts';

export { type OdbcConfig, type OdbcProduct, odbcProducts } from './odbc.ts';
export type { PolyteiaTargetConfig } from './polyteia-target.ts';
export type { SecretRef } from './secret-ref.ts';

/**
 * The shape of ferry.yaml. `npm run schema` generates ferry.schema.json from here, so that editors complete and check
 * the file. A field is only here when the code behind it works.
 */

const name = z.string().regex(NAME_FORM, NAME_WORDS);

/**
 * A host name or an address, and nothing around it: messages would repeat the password of a whole connection string.
 * An IPv6 address has two colons at least: `db:5432` is a name with a port.
 */
export const hostName = z
  .string()
  .max(255)
  .regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}])?$|^(?=.*:.*:)[0-9a-fA-F:.]+$/u,
    'a host name or an address, without user, port or scheme',
  );

const typesMode = z
  .enum(['exact', 'compatible'])
  .default('exact')
  .describe(
    'exact: every value arrives exactly or the run fails (docs/types.md). compatible: the types that the Go connector wrote, with a warning for each column that loses something.',
  );
export type TypesMode = z.infer<typeof typesMode>;

const columnType = z
  .string()
  .regex(
    /^(text|double|bigint|boolean|decimal\(\d{1,2},\d{1,2}\))$/,
    'one of text, double, bigint, boolean, decimal(digits,decimals)',
  );

/** How strictly a server's certificate is checked, strictest first. */
export const tlsModes = ['verify-full', 'verify-ca', 'require', 'disable'] as const;

const tls = z
  .strictObject({
    mode: z
      .enum(tlsModes)
      .default('verify-full')
      .describe(
        'verify-full checks the certificate chain and the host name, verify-ca only the chain, require encrypts without checking, disable does not encrypt. MySQL supports verify-full and disable.',
      ),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe(
        '`rds` (Amazon RDS roots), `system` (public roots), or the path of a PEM file, relative to ferry.yaml. Default: rds for *.rds.amazonaws.com hosts, else system.',
      ),
  })
  .describe('How the connection to the source is encrypted and verified.');

const parallel = z
  .enum(['auto', 'never'])
  .optional()
  .describe(
    "auto: several connections read one large Postgres table at once if Ferry can prove that they see the same moment. never: one connection. Parallel reading is faster, and leaves the table in the server's cache (docs/configuration.md). Default: auto.",
  );

const source = z
  .strictObject({
    type: z
      .enum(['postgres', 'mysql', 'odbc'])
      .describe(
        'Kind of database; mysql also covers MariaDB, odbc everything that `odbc` names a driver for.',
      ),
    odbc: odbc.optional(),
    host: hostName.optional().describe('Host name or address. Default: host of the secret.'),
    port: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe(
        'TCP port. Default: port of the secret, else 5432 (postgres), 3306 (mysql), or that of the product (odbc).',
      ),
    database: z
      .string()
      .min(1)
      .max(1024)
      // A login in it would be taken for a name, and printed.
      .regex(
        /^(?!.*(:\/\/|\bpassword *=))/is,
        'the name of a database, not a connection string: host, port and auth have fields of their own',
      )
      .optional()
      .describe('Database to read; the path of the file with SQLite. Default: dbname of the secret.'),
    auth: sourceAuth.describe('How to sign in.'),
    tls: tls.prefault({}),
    maxConcurrentRuns: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(
        'How many runs may read the source at once; further runs wait as `queued`. Default: no limit.',
      ),
    maxConnections: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .describe('How many connections one run may open to the source to read from it. Default: 4.'),
    parallel,
    network: network.optional(),
    function: functionSettings.optional(),
    connection: atlanConnection.optional(),
    clonedInformationSchema: clonedInformationSchema.optional(),
  })
  .superRefine((value, context) => {
    for (const { path, message } of [...findAuthProblems(value), ...findOdbcProblems(value)])
      context.addIssue({ code: 'custom', path, message });
  })
  .describe('A database to read.');
export type SourceConfig = z.infer<typeof source>;

const timezone = z
  .string()
  .refine(isTimeZone, 'an IANA time zone such as Europe/Berlin')
  .describe('IANA time zone of the cron expression.');

export const schedule = z
  .strictObject({
    cron: z
      .string()
      .min(1)
      .describe(
        'Five-field cron: minute, hour, day of month, month, day of week ("30 4 * * *" is every day at 4:30), the six fields of EventBridge, @daily and similar, or @every 1h.',
      ),
    timezone: timezone.default('UTC'),
    window: scheduleWindow.optional(),
    enabled: z.boolean().default(true).describe('false keeps the schedule deployed but disabled.'),
  })
  .describe('When the job runs on AWS.');
export type ScheduleConfig = z.infer<typeof schedule>;

const archive = z
  .strictObject({
    keep: z.int().min(1).max(5_000).optional().describe('How many files to keep; older ones are removed.'),
    days: z
      .int()
      .min(1)
      .max(3_650)
      .optional()
      .describe('How many days to keep files; older ones are removed.'),
  })
  .refine(({ keep, days }) => keep !== undefined || days !== undefined, {
    error: 'keep, days or both: without a limit an archive only grows',
  })
  .describe('Keeps the uploaded files for `ferry resend`. Default: none are kept.');

const sync = z
  .strictObject({
    source: z.string().describe('Name of the source to read.'),
    query: z
      .string()
      .min(1)
      .optional()
      .describe("SELECT in the source's own SQL; joins and filters run in the database and use its indexes."),
    duckdbQuery: z
      .string()
      .min(1)
      .optional()
      .describe(
        'DuckDB SELECT over the source attached as `db`, as in the Go connector: SELECT * FROM db.public.orders.',
      ),
    parallel: parallel.describe(
      'auto: several connections read one large Postgres table at once. never: one connection. Default: as the source has it.',
    ),
    dataset: z
      .string()
      .regex(/^ds_[A-Za-z0-9]+$/, 'a dataset id such as ds_cv4t2cf0i6q1gflvu4m0')
      .describe('Polyteia dataset whose content the result replaces.'),
    polyteia: z.string().default('default').describe('Name of the Polyteia target.'),
    schedule: schedule.optional(),
    types: typesMode,
    columns: z
      .record(z.string(), columnType)
      .default({})
      .describe(
        'Types of single columns, by name: text, decimal(digits,decimals), bigint, boolean, double. A value that does not fit fails the run; double rounds.',
      ),
    guards: guards.prefault({}),
    whenUnchanged: z
      .enum(['skip', 'upload'])
      .default('skip')
      .describe(
        'skip: a result with the same content as the last upload is not sent again while the dataset still shows that upload (classic API with verify; the session API does not report it, so the result is sent). upload: always send it.',
      ),
    archive: archive.optional(),
    dedicated: dedicated.optional(),
  })
  .refine((value) => (value.query === undefined) !== (value.duckdbQuery === undefined), {
    error: 'exactly one of query and duckdbQuery',
    path: ['query'],
  })
  .describe('One query whose result replaces one dataset.');
export type SyncConfig = z.infer<typeof sync>;

const extraction = z
  .strictObject({ ...extractionFields, schedule: schedule.optional() })
  .describe('Reads the catalogs of sources and writes them as Atlan entities.');
export type ExtractionConfig = z.infer<typeof extraction>;

const defaults = z
  .strictObject({
    source: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Fields for every source that does not set them.'),
    schedule: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Fields for every schedule that does not set them, such as the time zone.'),
  })
  .describe('Values for sources and schedules that do not set their own.');

const proxy = z
  .url({ protocol: /^https?$/, error: 'a URL such as http://proxy.example.org:3128' })
  .refine(
    (value) => !URL.parse(value)?.username && !URL.parse(value)?.password,
    'a URL without user and password, because ferry.yaml holds no secrets: use a proxy that needs none, or that admits this address',
  )
  .describe('Proxy for outgoing HTTPS: to Polyteia, Secrets Manager and STS. Not for databases.');

const extraCa = z
  .string()
  .min(1)
  .describe(
    'Path of a PEM file, relative to ferry.yaml: authorities that outgoing HTTPS trusts in addition to the public ones, such as that of a proxy that inspects TLS.',
  );

/** ferry.yaml as a person writes it. `defaults` have been merged into the sources and schedules before it is parsed. */
export const ferryConfigSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of this file format: 1.'),
    defaults: defaults.optional(),
    proxy: proxy.optional(),
    extraCa: extraCa.optional(),
    drivers: drivers.optional(),
    sources: z.record(name, source).describe('Databases to read, by name.'),
    polyteia: z
      .record(name, polyteiaTarget)
      .default({})
      .describe('Polyteia targets, by name; syncs that name no target use `default`.'),
    syncs: z.record(name, sync).default({}).describe('Queries whose results go to Polyteia, by job name.'),
    extractions: z.record(name, extraction).default({}).describe('Catalogs that go to Atlan, by job name.'),
    atlan: atlan.prefault({}),
    alerts: alerts.optional(),
    language: language.optional(),
    bucket: bucketName.optional(),
    kmsKeyArn: kmsKeyArn.optional(),
    logRetention: logRetention.optional(),
    logGroup: logGroup.optional(),
    api: api.optional(),
    dashboard: dashboard.optional(),
    jobMetrics,
    telemetry: telemetry.optional(),
    tags: tags.optional(),
  })
  .describe('Configuration of Ferry.');

/** A checked configuration: all defaults filled in, all references valid. */
export type FerryConfig = z.infer<typeof ferryConfigSchema>;
