import { type JobFunctionPlan, planDeployment } from '../../shared/config/deployment/job-functions.ts';
import type { FerryConfig, ScheduleConfig, SecretRef } from '../../shared/config/schema/ferry-config.ts';
import { MONTH, PRICES } from './prices.ts';
import { countRunsFrom, type MonthlyRuns } from './runs-in-a-month.ts';

/** A line of the estimate. */
export interface CostItem {
  item: string;
  /** US dollars a month. */
  amount: number;
  /** How it was reckoned, in words. */
  basis: string;
}

/** How often a job runs, and for how long. */
export interface JobEstimate {
  job: string;
  runs: number;
  seconds: number;
  /** Where the seconds come from: runs on record, or an assumption. */
  from: 'recorded' | 'assumed';
  /** US dollars a month for what the job's own runs cause; the rest, such as secrets and the watchdog, is shared. */
  amount: number;
}

export interface CostEstimate {
  currency: 'USD';
  region: string;
  /** When the prices were written down. */
  pricesOf: string;
  total: number;
  items: CostItem[];
  jobs: JobEstimate[];
  assumptions: string[];
}

export interface EstimateOptions {
  config: FerryConfig;
  /** The average duration of a job's recorded runs, in seconds. */
  recorded: ReadonlyMap<string, number>;
  /** Of a run without a record. */
  assumedSeconds: number;
  architecture: 'arm64' | 'x86_64';
  now: Date;
}

// As the functions have it unless ferry.yaml says otherwise (infra/constructs/jobs/job-runner.ts).
const MEMORY_MEGABYTES = 2048;
const DISK_MEGABYTES = 4096;
const FREE_DISK_MEGABYTES = 512;
/** What a run takes that its record does not count: the start of the function, the lease, the record. */
const STARTUP_SECONDS = 1;
const HEARTBEAT_SECONDS = 10;
/** Of a run: its record three times, its names, its state, its lease. */
const WRITES = 13;
const READS = 15;
const READS_OF_SECRETS = 2;
const METRICS_OF_JOB = 3;
const METRICS_OF_WATCHDOG = 3;
const ALARMS = 4;
const WATCHDOG = { rounds: 8640, seconds: 1, gigabytes: 0.5, lists: 5, reads: 1, logBytes: 700 };
const LOG_BYTES = 5_000;
const RECORD_BYTES = 10_000;

/** What a configuration costs on AWS in a month, without the API, the network, and what its data costs elsewhere. */
export function estimateCost(options: EstimateOptions): CostEstimate {
  const { config } = options;
  const plans = planDeployment(config);
  const count = countRunsFrom(options.now);
  const jobs = plans.flatMap((plan) => plan.jobs.map((job) => estimateJob(job, plan, options, count)));
  const runs = sum(jobs, (job) => job.runs);
  const parts = (job: EstimatedJob) => partsOf(job, options);
  const lines: CostItem[] = [
    lambdaLine(jobs, options),
    {
      item: 'Lambda: disk',
      amount: sum(jobs, (job) => parts(job).disk),
      basis: 'beyond 512 MB',
    },
    {
      item: 'S3: requests',
      amount: sum(jobs, (job) => parts(job).requests),
      basis: `${WRITES} writes a run, and one for each ${HEARTBEAT_SECONDS} s`,
    },
    secretsLine(config, runs),
    ...metricsLines(options, jobs),
    {
      item: 'Starts, logs, records',
      amount: sum(jobs, (job) => parts(job).traces),
      basis: `${LOG_BYTES / 1000} kB of log a run, records of a year`,
    },
    watchdogLine(options),
    ...(config.alerts
      ? [{ item: 'Alarms', amount: ALARMS * PRICES.cloudWatch.alarmMonth, basis: `${ALARMS}, with alerts` }]
      : []),
    ...(config.dashboard
      ? [{ item: 'Dashboard', amount: PRICES.cloudWatch.dashboardMonth, basis: 'free up to the third' }]
      : []),
  ];
  return {
    currency: 'USD',
    region: PRICES.region,
    pricesOf: PRICES.asOf,
    total: sum(lines, (line) => line.amount),
    items: lines,
    jobs: jobs.map((job) => ({
      job: job.job,
      runs: job.runs,
      seconds: job.seconds,
      from: job.from,
      amount: sum(Object.values(parts(job)), (part) => part),
    })),
    assumptions: assumptionsOf(options, jobs),
  };
}

interface EstimatedJob extends Omit<JobEstimate, 'amount'> {
  hours: number;
  billedSeconds: number;
  gigabytes: number;
  diskGigabytes: number;
}

function estimateJob(
  job: string,
  plan: JobFunctionPlan,
  options: EstimateOptions,
  count: (schedule: ScheduleConfig | undefined) => MonthlyRuns,
): EstimatedJob {
  const { config, recorded, assumedSeconds } = options;
  const { schedule } = (plan.kind === 'sync' ? config.syncs : config.extractions)[job] ?? {};
  const { memory = MEMORY_MEGABYTES, ephemeralStorage = DISK_MEGABYTES } = plan.settings;
  const known = recorded.get(job);
  const seconds = known ?? assumedSeconds;
  return {
    job,
    ...count(schedule),
    seconds,
    from: known === undefined ? 'assumed' : 'recorded',
    billedSeconds: seconds + STARTUP_SECONDS,
    gigabytes: memory / 1024,
    diskGigabytes: Math.max(0, ephemeralStorage - FREE_DISK_MEGABYTES) / 1024,
  };
}

/** What the runs of a job cost in a month, by what is paid for. */
function partsOf(
  { runs, hours, billedSeconds, gigabytes, diskGigabytes }: EstimatedJob,
  { config, architecture }: Pick<EstimateOptions, 'config' | 'architecture'>,
) {
  const { lambda, s3, secrets, scheduler, cloudWatch } = PRICES;
  const seconds = runs * billedSeconds;
  const start = scheduler.start + lambda.request + (LOG_BYTES / 1e9) * cloudWatch.logGigabyte;
  return {
    computing: seconds * gigabytes * lambda.gigabyteSecond[architecture],
    disk: seconds * diskGigabytes * lambda.diskGigabyteSecond,
    requests: (runs * WRITES + seconds / HEARTBEAT_SECONDS) * s3.write + runs * READS * s3.read,
    secrets: runs * READS_OF_SECRETS * secrets.read,
    metrics: hasJobMetrics(config)
      ? METRICS_OF_JOB * Math.min(MONTH.hours, hours) * (cloudWatch.metricMonth / MONTH.hours)
      : 0,
    traces: runs * start + ((runs * 12 * RECORD_BYTES) / 1e9) * s3.gigabyteMonth,
  };
}

const hasJobMetrics = ({ jobMetrics, telemetry }: FerryConfig) => jobMetrics && telemetry?.metrics !== 'otlp';

function lambdaLine(jobs: readonly EstimatedJob[], options: EstimateOptions): CostItem {
  const { architecture } = options;
  const gigabyteSeconds = sum(jobs, (job) => job.runs * job.billedSeconds * job.gigabytes);
  const runs = Math.round(sum(jobs, (job) => job.runs));
  return {
    item: `Lambda, ${architecture}`,
    amount: sum(jobs, (job) => partsOf(job, options).computing),
    basis: `${runs.toLocaleString('en-US')} runs, ${Math.round(gigabyteSeconds).toLocaleString('en-US')} GB-s`,
  };
}

function secretsLine(config: FerryConfig, runs: number): CostItem {
  const names = new Set(
    secretsOf(config).map((secret) => (typeof secret === 'string' ? secret : secret.arn)),
  );
  return {
    item: 'Secrets Manager',
    amount: names.size * PRICES.secrets.secretMonth + runs * READS_OF_SECRETS * PRICES.secrets.read,
    basis: `${names.size} secrets, two reads a run`,
  };
}

/** The secrets that jobs read: also those that other programs use, because nobody else may pay for them. */
function secretsOf(config: FerryConfig): SecretRef[] {
  const sources = Object.values(config.sources).flatMap(({ auth }) =>
    'secret' in auth ? [auth.secret] : [],
  );
  const targets = Object.values(config.polyteia).map(({ token }) => token);
  const others = [config.alerts?.webhook, config.telemetry?.headers].filter((secret) => secret !== undefined);
  return [...sources, ...targets, ...others];
}

function metricsLines(options: EstimateOptions, jobs: readonly EstimatedJob[]): CostItem[] {
  const own = {
    item: 'Metrics of the watchdog',
    amount: METRICS_OF_WATCHDOG * PRICES.cloudWatch.metricMonth,
    basis: `${METRICS_OF_WATCHDOG}, in every hour`,
  };
  if (!hasJobMetrics(options.config)) return [own];
  return [
    {
      item: 'Metrics of jobs',
      amount: sum(jobs, (job) => partsOf(job, options).metrics),
      basis: `${METRICS_OF_JOB} a job, in hours with a run (jobMetrics)`,
    },
    own,
  ];
}

function watchdogLine({ architecture }: EstimateOptions): CostItem {
  const { rounds, seconds, gigabytes, lists, reads, logBytes } = WATCHDOG;
  const round =
    seconds * gigabytes * PRICES.lambda.gigabyteSecond[architecture] +
    PRICES.lambda.request +
    lists * PRICES.s3.write +
    reads * PRICES.s3.read +
    (logBytes / 1e9) * PRICES.cloudWatch.logGigabyte;
  return {
    item: 'Watchdog',
    amount: rounds * round,
    basis: `${rounds.toLocaleString('en-US')} rounds of a second`,
  };
}

function assumptionsOf({ config, assumedSeconds }: EstimateOptions, jobs: readonly EstimatedJob[]): string[] {
  const assumed = jobs.filter(({ from }) => from === 'assumed').length;
  const manual = jobs.filter(({ runs }) => runs === 0).length;
  const networks = Object.values(config.sources).some(({ network }) => network);
  const { natGatewayHour, endpointHour } = PRICES.network;
  return [
    `Prices of ${PRICES.region} as of ${PRICES.asOf}, from memory, without the free tier: check yours.`,
    ...(assumed > 0
      ? [
          `${assumed} of ${jobs.length} jobs have no finished run on record: ${assumedSeconds} s each (--seconds).`,
        ]
      : []),
    ...(manual > 0 ? [`${manual} have no schedule that is on: what the API starts is not counted.`] : []),
    'A run is billed for a second more than its record says. Waiting for a slot costs nothing.',
    `Not counted: the API (${PRICES.api.request * 1e6} for a million requests), files of extractions and archives.`,
    networks
      ? `Networks cost more: a NAT gateway ${(natGatewayHour * MONTH.hours).toFixed(2)}, an interface endpoint ${(endpointHour * MONTH.hours).toFixed(2)} for each zone.`
      : 'No source has a network, which would cost by the hour.',
  ];
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number) =>
  items.reduce((total, item) => total + of(item), 0);
