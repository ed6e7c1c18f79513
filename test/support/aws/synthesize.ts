import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Environment } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { stringify } from 'yaml';
import { FerryStack } from '../../../infra/ferry-stack.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import type { FerryConfig } from '../../../shared/config/schema/ferry-config.ts';

// Removed when the process ends: a template is read until then.
const folder = mkdtempSync(join(tmpdir(), 'ferry-synth-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A folder instead of the built code, which takes long to build and does not affect a template. */
export function emptyCode(): string {
  const code = mkdtempSync(join(folder, 'code-'));
  writeFileSync(join(code, 'sync.mjs'), '');
  return code;
}

// Half of the time of each synthesis, for warnings that nobody reads here; the stacks that the e2e tests deploy are validated.
process.env.CDK_VALIDATION = 'false';

/** A CDK app with the feature flags of cdk.json. */
export function newApp(): App {
  const { context } = JSON.parse(readFileSync(new URL('../../../cdk.json', import.meta.url), 'utf8'));
  return new App({
    context: { ...context, 'aws:cdk:disable-stack-trace': true },
    outdir: mkdtempSync(join(folder, 'cdk-')),
  });
}

/** The template of a stack for a configuration. */
export function synthesize(
  config: FerryConfig,
  env: Environment = {},
): { template: Template; app: App; stack: FerryStack } {
  const app = newApp();
  const stack = new FerryStack(app, 'Ferry', {
    config,
    codePath: code,
    serviceCodePath: code,
    architecture: 'arm64',
    env,
  });
  return { app, stack, template: Template.fromStack(stack) };
}
// One for all stacks of a test file: the folder's content decides the asset's hash.
const code = emptyCode();

/** A configuration of `jobs` scheduled syncs, spread over `sources`. */
export function configWith(options: {
  jobs: number;
  sources: number;
  top?: Record<string, unknown>;
}): FerryConfig {
  const login = { type: 'postgres', host: 'db.example.org', database: 'd' };
  const sources = Array.from({ length: options.sources }, (_, index) => `source-${index}`);
  const syncs = Array.from({ length: options.jobs }, (_, index) => [
    `table-number-${index}`,
    {
      source: sources[index % sources.length],
      query: `SELECT * FROM table_${index}`,
      dataset: `ds_${index}`,
      schedule: { cron: `${index % 60} ${index % 24} * * *` },
    },
  ]);
  const text = stringify({
    version: 1,
    sources: Object.fromEntries(
      sources.map((name) => [name, { ...login, auth: { type: 'password', secret: `ferry/${name}` } }]),
    ),
    polyteia: { default: { token: 'ferry/polyteia' } },
    syncs: Object.fromEntries(syncs),
    ...options.top,
  });
  return parseConfig(text, 'ferry.yaml');
}

interface FunctionProperties {
  Description: string;
  Environment: { Variables: Record<string, unknown> };
  [name: string]: unknown;
}

/** The properties of each function, by its description. */
export function functionsOf(template: Template): Record<string, FunctionProperties> {
  const functions = Object.values(template.findResources('AWS::Lambda::Function'));
  return Object.fromEntries(functions.map(({ Properties }) => [Properties.Description, Properties]));
}

/** The document that a deployment puts where a function's environment says. */
export function readDocumentOf(app: App, { Environment: { Variables } }: FunctionProperties): unknown {
  return JSON.parse(readFileSync(join(app.outdir, `asset.${Variables.CONFIG_KEY}`), 'utf8'));
}

/** A statement of a policy, as the template has it. */
export interface SynthesizedStatement {
  Action: string | string[];
  Effect: string;
  Resource: unknown;
  Condition?: unknown;
}

/** Every statement of the policies whose logical id starts with `prefix`. */
export function statementsIn(template: Template, prefix: string): SynthesizedStatement[] {
  const policies = {
    ...template.findResources('AWS::IAM::Policy'),
    ...template.findResources('AWS::IAM::ManagedPolicy'),
  };
  return Object.entries(policies)
    .filter(([id]) => id.startsWith(prefix))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as SynthesizedStatement[]);
}

/** The same, as `action → resources`. */
export function statementsOf(template: Template, prefix: string): [string, string][] {
  return statementsIn(template, prefix).map(({ Action, Resource }) => [
    [Action].flat().join(' '),
    JSON.stringify(Resource),
  ]);
}
