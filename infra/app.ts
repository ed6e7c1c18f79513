import { App, type Environment } from 'aws-cdk-lib';
import type { FerryConfig } from '../shared/config/schema/ferry-config.ts';
import { ConfigError } from '../shared/errors.ts';
import { FerryStack } from './ferry-stack.ts';
import { prepareFerry } from './prepare-ferry.ts';

/** Where to deploy, as determined by the cdk command; without it the stack fits any account and region. */
function environmentOf({
  CDK_DEFAULT_ACCOUNT: account,
  CDK_DEFAULT_REGION: region,
}: NodeJS.ProcessEnv): Environment {
  return { ...(account ? { account } : {}), ...(region ? { region } : {}) };
}

/** What CloudFormation takes. */
const STACK_NAME = /^[A-Za-z][A-Za-z0-9-]{0,127}$/;

/** Unchanged without extractions: a new text would change every stack. */
function describe({ extractions }: FerryConfig): string {
  const tables = 'Ferry: copies database tables to Polyteia';
  return Object.keys(extractions).length === 0 ? tables : `${tables} and database catalogs to Atlan`;
}

// The CDK app: cdk deploy [-c config=ferry.yaml] [-c stack=Ferry] [-c architecture=arm64|x86_64]
try {
  // Else the CDK synthesizes what a mistake left unfinished, and hides the mistake below a stack trace.
  const app = new App({ autoSynth: false });
  const context = (name: string, fallback: string) => String(app.node.tryGetContext(name) ?? fallback);
  const architecture = context('architecture', 'arm64');
  if (architecture !== 'arm64' && architecture !== 'x86_64') {
    throw new ConfigError(`-c architecture=${architecture}: expected arm64 or x86_64.`);
  }
  const stack = context('stack', 'Ferry');
  if (!STACK_NAME.test(stack))
    throw new ConfigError(
      `-c stack=${stack}: expected a name of letters, digits and -, at most 128, that begins with a letter.`,
    );
  const { warnings, secrets, ...ferry } = await prepareFerry({
    config: context('config', 'ferry.yaml'),
    architecture,
  });
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  if (secrets.size > 0) {
    // A .env file contains its secrets, and a stack never does: they get names.
    process.stderr.write(
      `Before the first run, create in Secrets Manager: ${[...secrets.keys()].join(', ')} (docs/deploy.md).\n`,
    );
  }
  new FerryStack(app, stack, {
    ...ferry,
    env: environmentOf(process.env),
    description: describe(ferry.config),
  });
  app.synth();
} catch (error) {
  // A person's mistake is reported in the configuration's own words; a stack trace would hide them.
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`\n${error.class}: ${error.message}\n${error.hint ? `  → ${error.hint}\n` : ''}`);
  process.exitCode = 2;
}
