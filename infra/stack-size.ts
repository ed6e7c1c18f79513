import { CfnResource, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { JobFunctionPlan } from '../shared/config/deployment/job-functions.ts';
import type { FerryConfig } from '../shared/config/schema/ferry-config.ts';
import { ConfigError } from '../shared/errors.ts';
import { nameSome } from '../shared/text/name-some.ts';
import { environmentBytes, MAXIMUM_ENVIRONMENT_BYTES, nameLength } from './environment-size.ts';

/**
 * CloudFormation allows 500 resources in a stack. The rest is for policies that CDK splits at synth, and for people's
 * own resources.
 */
export const MAXIMUM_RESOURCES = 450;

/** CloudFormation's limits of a stack, with everything in it. */
const STACK_RESOURCES = 500;
const TEMPLATE_BYTES = 1_000_000;

/** No address of a collector needs more: what is longer holds something that belongs elsewhere. */
const LONG_ENDPOINT_BYTES = 512;

/** Two groups of names whose weights are about equal. */
function halves(weights: ReadonlyMap<string, number>): [string[], string[]] {
  const groups: [string[], string[]] = [[], []];
  const sizes: [number, number] = [0, 0];
  for (const [name, weight] of [...weights].sort((a, b) => b[1] - a[1])) {
    const smaller = sizes[0] <= sizes[1] ? 0 : 1;
    groups[smaller].push(name);
    sizes[smaller] += weight;
  }
  return groups;
}

/** Of a function with its role, policy, log group and retries. */
const RESOURCES_OF_FUNCTION = 5;
/** What every stack has, with alerts. */
const RESOURCES_OF_STACK = 30;
/** Names of more do not fit. */
const MOST_FUNCTIONS = 50;

/** What to put into the first file, and what into the second. */
function partsOf(config: FerryConfig, plans: readonly JobFunctionPlan[]): string {
  const { syncs, extractions } = config;
  const catalogs = Object.keys(extractions);
  if (Object.keys(syncs).length === 0) {
    const [first, second] = halves(new Map(catalogs.map((job) => [job, 1])));
    return `one with ${nameSome(first)}, one with ${nameSome(second)}`;
  }
  if (catalogs.length > 0 && syncsFit(config, plans)) return 'one with the syncs, one with the extractions';
  const jobs = new Map<string, number>();
  for (const { source } of Object.values(syncs)) jobs.set(source, (jobs.get(source) ?? 0) + 1);
  const [first, second] = halves(jobs);
  return second.length === 0
    ? `one with half of the syncs of ${first[0]}, one with the rest`
    : `one with ${nameSome(first)} and their syncs, one with ${nameSome(second)}${catalogs.length > 0 ? ' and the extractions' : ''}`;
}

/** Whether the syncs would have room without the extractions, roughly. */
function syncsFit({ syncs }: FerryConfig, plans: readonly JobFunctionPlan[]): boolean {
  const functions = plans.filter(({ kind }) => kind === 'sync').length;
  const resources = functions * RESOURCES_OF_FUNCTION + Object.keys(syncs).length + RESOURCES_OF_STACK;
  return functions <= MOST_FUNCTIONS && resources <= MAXIMUM_RESOURCES;
}

function adviceFor(config: FerryConfig, plans: readonly JobFunctionPlan[]): string {
  return (
    `Write two files: ${partsOf(config, plans)}. Deploy each as a separate stack (-c config=FILE -c stack=NAME); ` +
    'with the same `bucket:` in both, jobs that you move keep their history.'
  );
}

/**
 * `300 syncs in 10 functions for sources and 2 dedicated ones, and 3 extractions`: a kind without jobs is not
 * mentioned.
 */
function countOf({ syncs, extractions }: FerryConfig, plans: readonly JobFunctionPlan[]): string {
  const ofSyncs = plans.filter((plan) => plan.kind === 'sync');
  const shared = ofSyncs.filter(({ dedicatedTo }) => dedicatedTo === undefined).length;
  const parts = [
    ofSyncs.length === 0
      ? []
      : `${Object.keys(syncs).length} syncs in ${shared} functions for sources and ${ofSyncs.length - shared} dedicated ones`,
    Object.keys(extractions).length === 0
      ? []
      : `${Object.keys(extractions).length} extractions with one function each`,
  ];
  return parts.flat().join(', and ');
}

/**
 * Refuses what does not fit into one stack, before CloudFormation does.
 *
 * @param functions those that run jobs
 * @param environments of the functions that hold the names of all of these
 * @throws ConfigError that says how large it is, why, and how to split the file
 */
export function assertFits(
  scope: IConstruct,
  config: FerryConfig,
  functions: readonly { plan: JobFunctionPlan; logicalId: string }[],
  environments: readonly Readonly<Record<string, string>>[],
): void {
  const plans = functions.map(({ plan }) => plan);
  const resources = scope.node.findAll().filter((node) => CfnResource.isCfnResource(node)).length;
  if (resources > MAXIMUM_RESOURCES)
    throw tooLarge(
      config,
      plans,
      `take ${resources} resources, and a stack has room for ${MAXIMUM_RESOURCES}`,
    );
  const stack = Stack.of(scope);
  const names = functions.reduce((sum, { logicalId }) => sum + nameLength(stack, logicalId) + 1, 0);
  const variables = Math.max(...environments.map((environment) => environmentBytes(scope, environment)));
  const excess = variables - MAXIMUM_ENVIRONMENT_BYTES;
  const endpoint = Buffer.byteLength(config.telemetry?.endpoint ?? '');
  // First, because fewer functions would not make room for it.
  if (excess > 0 && endpoint > LONG_ENDPOINT_BYTES)
    throw new ConfigError(
      `telemetry.endpoint is too long: it takes ${endpoint} of the ${MAXIMUM_ENVIRONMENT_BYTES} bytes that all variables of a function have together, ${excess} more than there is room for.`,
      { hint: 'Shorten it. A token in the address belongs in the secret of telemetry.headers.' },
    );
  if (excess > 0)
    throw tooLarge(
      config,
      plans,
      `are more functions than the API and the watchdog can hold: their names take ${names} bytes, and ${Math.max(0, names - excess)} fit`,
    );
}

/** What CDK has no public way to ask. */
interface InternalStack {
  _toCloudFormation(): unknown;
  _suppressTemplateIndentation: boolean;
}

/**
 * Refuses a stack whose resources or template CloudFormation does not take. What is known only at synth: CDK has split
 * the policies then, and the stack may contain resources of others.
 *
 * @throws ConfigError that says how large it is, and how to split the file
 */
export function assertStackFits(
  scope: IConstruct,
  config: FerryConfig,
  plans: readonly JobFunctionPlan[],
): void {
  const stack = Stack.of(scope);
  const resources = stack.node
    .findAll()
    .filter((node) => CfnResource.isCfnResource(node) && node.stack === stack).length;
  if (resources > STACK_RESOURCES)
    throw tooLarge(
      config,
      plans,
      `make a stack of ${resources} resources, with the policies that are split because of their length, and CloudFormation takes ${STACK_RESOURCES}`,
    );
  const internal = stack as unknown as InternalStack;
  const indent = internal._suppressTemplateIndentation ? undefined : 1;
  const bytes = Buffer.byteLength(JSON.stringify(internal._toCloudFormation(), undefined, indent));
  if (bytes <= TEMPLATE_BYTES) return;
  const indented =
    indent === undefined
      ? ''
      : ' (less with "@aws-cdk/core:suppressTemplateIndentation": true in the context of cdk.json)';
  throw tooLarge(
    config,
    plans,
    `make a template of ${bytes} bytes${indented}, and CloudFormation takes ${TEMPLATE_BYTES}`,
  );
}

function tooLarge(config: FerryConfig, plans: readonly JobFunctionPlan[], reason: string): ConfigError {
  return new ConfigError(
    `This configuration is too large for one stack: ${countOf(config, plans)} ${reason}.`,
    { hint: adviceFor(config, plans) },
  );
}
