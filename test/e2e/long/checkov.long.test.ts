import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { lintedTemplates } from '../../support/aws/linted-templates.ts';
import { checkovEnvironment } from '../../support/processes/python.ts';

/** Findings that Ferry accepts, each with its reason. */
const ACCEPTED: Readonly<Record<string, string>> = {
  'CKV_AWS_18 AWS::S3::Bucket':
    'Access logs would need another bucket; CloudTrail data events do the same if you want them.',
  'CKV_AWS_27 AWS::SQS::Queue': 'SQS encrypts it with its own key; kmsKeyArn names another.',
  'CKV_AWS_59 AWS::ApiGateway::Method': 'Only GET /healthz is open: liveness, without details.',
  'CKV_AWS_73 AWS::ApiGateway::Stage':
    'A run is one function and one record, which has the time of each phase; a trace would show one box.',
  'CKV_AWS_76 AWS::ApiGateway::Stage':
    'Access logs (api.accessLogs) need an account-wide role, which a stack must not set.',
  'CKV_AWS_115 AWS::Lambda::Function':
    'Reserved concurrency is taken from the other functions of an account; maxConcurrentRuns limits what a source bears.',
  'CKV_AWS_116 AWS::Lambda::Function':
    'An on-failure destination keeps the event with its reason; the API has no event to keep, and the watchdog comes again.',
  'CKV_AWS_117 AWS::Lambda::Function': 'In a VPC where the source has a network, and not otherwise.',
  'CKV_AWS_120 AWS::ApiGateway::Stage': 'Its answers are states that change each second.',
  'CKV_AWS_158 AWS::Logs::LogGroup': 'CloudWatch encrypts it with its own key; kmsKeyArn names another.',
  'CKV_AWS_173 AWS::Lambda::Function':
    'The variables hold names, and no secret; Lambda encrypts them with its own key.',
};

it('checkov finds nothing, except for what is accepted with a reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ferry-checkov-'));
  try {
    for (const [name, template] of Object.entries(await lintedTemplates()))
      await writeFile(join(folder, `${name}.json`), JSON.stringify(template));
    const { python } = await checkovEnvironment();
    const args = ['--directory', folder, '--framework', 'cloudformation', '--skip-download'];
    const { stdout } = await promisify(execFile)(
      python,
      // Its script does not start in a folder with a space in its name, its module does.
      ['-m', 'checkov.main', ...args, '--compact', '--soft-fail', '--output', 'json'],
      { cwd: folder, maxBuffer: 64_000_000 },
    );
    const { results, summary } = JSON.parse(stdout) as {
      results: { failed_checks: { check_id: string; resource: string; file_path: string }[] };
      summary: { passed: number; parsing_errors: number };
    };
    expect(summary.parsing_errors).toBe(0);
    expect(summary.passed).toBeGreaterThan(100);
    const found = new Set(
      results.failed_checks.map(
        ({ check_id, resource }) => `${check_id} ${resource.slice(0, resource.lastIndexOf('.'))}`,
      ),
    );
    expect([...found].sort()).toEqual(Object.keys(ACCEPTED).sort());
    // A key of the user's encrypts all that can have one.
    const withKey = results.failed_checks.filter(({ file_path }) => file_path.includes('every-option'));
    expect(withKey.filter(({ check_id }) => /_(27|158)$/.test(check_id))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
