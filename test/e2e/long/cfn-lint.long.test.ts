import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { lintedTemplates } from '../../support/aws/linted-templates.ts';
import { cfnLintEnvironment } from '../../support/processes/python.ts';

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

const templates = Object.entries(await lintedTemplates());

describe('cfn-lint', () => {
  it.each(templates)(
    'finds nothing in %s, except for what is accepted with a reason',
    async (_name, template) => {
      const file = join(folder, 'template.json');
      await writeFile(file, JSON.stringify(template));
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
    },
  );
});
