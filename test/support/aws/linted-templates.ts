import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../../shared/config/load-config.ts';
import { configWith, synthesize } from './synthesize.ts';

/** The templates that linters look at, by what they are of: a small stack, and one with all that it can have of its own. */
export async function lintedTemplates(): Promise<Record<string, unknown>> {
  const path = fileURLToPath(new URL('../../../examples/ferry.yaml', import.meta.url));
  const { bucket, alerts, logGroup, ...everyOption } = (await loadConfig({ path, environment: {} })).config;
  const configs = {
    small: configWith({ jobs: 2, sources: 1 }),
    // With a bucket, log groups and a topic of the stack.
    'every-option': { ...everyOption, alerts: { email: ['a@example.org'] } },
  };
  const env = { account: '111122223333', region: 'eu-central-1' };
  return Object.fromEntries(
    Object.entries(configs).map(([name, config]) => [name, synthesize(config, env).template.toJSON()]),
  );
}
