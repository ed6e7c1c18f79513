import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../shared/config/load-config.ts';
import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import { configWith, synthesize } from '../support/aws/synthesize.ts';
import { cfnLintEnvironment } from '../support/processes/python.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

/** Findings that Ferry accepts, each with its reason. */
const ACCEPTED: readonly [pattern: RegExp, reason: string][] = [
  [/^W3005 /, 'CDK writes DependsOn for roles whose policies a function needs, which names the role, too.'],
  [
    /^E3002 Dashboard\w* .*'Tags' was unexpected/,
    'CloudFormation has tags of dashboards; its schema in cfn-lint is older.',
  ],
];

let folder: string;
let lint: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-lint-'));
  lint = (await cfnLintEnvironment()).bin('cfn-lint');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const everyOption = async (): Promise<FerryConfig> => {
  const path = fileURLToPath(new URL('../../examples/ferry.yaml', import.meta.url));
  return (await loadConfig({ path, environment: {} })).config;
};

describe('cfn-lint', () => {
  it.each<[string, () => FerryConfig | Promise<FerryConfig>]>([
    ['a small stack', () => configWith({ jobs: 2, sources: 1 })],
    [
      'every option, with a bucket and a topic of the stack',
      async () => {
        const { bucket: _bucket, alerts: _alerts, ...config } = await everyOption();
        return { ...config, alerts: { email: ['a@example.org'] } };
      },
    ],
  ])('finds nothing in %s, except for what is accepted with a reason', async (_name, configuration) => {
    const { template } = synthesize(await configuration(), {
      account: '111122223333',
      region: 'eu-central-1',
    });
    const file = join(folder, 'template.json');
    await writeFile(file, JSON.stringify(template.toJSON()));
    const args = ['--format', 'json', '--regions', 'eu-central-1', '--', file];
    const { stdout } = await promisify(execFile)(lint, args).catch((error: { stdout?: string }) => {
      // Its exit code says that there are findings.
      if (!error.stdout?.startsWith('[')) throw error;
      return { stdout: error.stdout };
    });
    const findings: { Rule: { Id: string }; Message: string; Location: { Path: unknown[] | null } }[] =
      JSON.parse(stdout || '[]');
    const found = findings.map(
      ({ Rule, Message, Location }) => `${Rule.Id} ${Location.Path?.[1] ?? ''} ${Message}`,
    );
    expect(found.filter((text) => !ACCEPTED.some(([pattern]) => pattern.test(text)))).toEqual([]);
    expect(found.length).toBeGreaterThan(0);
  });
});
