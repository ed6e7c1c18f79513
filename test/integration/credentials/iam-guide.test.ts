import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ferryConfigSchema, type SourceConfig } from '../../../shared/config/schema/ferry-config.ts';
import { resolveLogin } from '../../../shared/source/credentials/credentials.ts';
import { createSecretsManagerReader } from '../../../shared/source/credentials/secrets-manager-reader.ts';
import { type MiniStack, startMiniStack } from '../../support/aws/mini-stack.ts';
import { shellBlocksOf } from '../../support/cli/shell-blocks.ts';
import { openShell, type ShellSession } from '../../support/cli/shell-session.ts';
import { pythonEnvironment } from '../../support/processes/python.ts';

// What docs/iam.md has people type makes roles and secrets that Ferry can use.

const HOST = 'erp.abc.eu-central-1.rds.amazonaws.com';

let aws: MiniStack;
let shell: ShellSession;
let folder: string;
let page: string;
beforeAll(async () => {
  aws = await startMiniStack();
  page = await readFile(new URL('../../../docs/iam.md', import.meta.url), 'utf8');
  folder = await mkdtemp(join(tmpdir(), 'ferry iam guide ü '));
  shell = openShell(folder, {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    ...aws.environment,
    ROLE_ARN: `arn:aws:iam::${aws.accountId}:root`,
  });
  const { python } = await pythonEnvironment();
  // The script of the AWS CLI does not start in a folder with a space in its name, its module does.
  await shell.run(`aws() { '${python}' -m awscli "$@"; }`, 10_000);
  for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
}, 240_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  shell?.stop();
  await aws?.stop();
  await rm(folder, { recursive: true, force: true });
});

const resolve = async (auth: Record<string, unknown>) => {
  const extraCa = aws.caFile ? await readFile(aws.caFile, 'utf8') : undefined;
  const erp = { type: 'postgres', host: HOST, database: 'erp', auth: { username: 'ferry', ...auth } };
  const source = ferryConfigSchema.parse({ version: 1, sources: { erp } }).sources.erp as SourceConfig;
  const secrets = createSecretsManagerReader({ outgoing: extraCa ? { extraCa } : {}, region: aws.region });
  const login = await resolveLogin('erp', source, secrets, 5432, { job: 'orders', runId: '1' });
  return (login.password as () => Promise<string>)();
};

describe('docs/iam.md', () => {
  it('has commands that work', async () => {
    const blocks = shellBlocksOf(page);
    expect(blocks.map(({ heading }) => heading)).toEqual([
      '`iam-role`: a role of another account',
      '`iam-user`: a key pair in a secret',
    ]);
    for (const { code } of blocks) await shell.run(code, 60_000);
  });

  it('creates a role that can be assumed with its external id', async () => {
    const auth = { type: 'iam-role', roleArn: `arn:aws:iam::${aws.accountId}:role/ferry-reads-erp` };
    expect(await resolve({ ...auth, externalId: 'stadt-beispiel' })).toContain('&X-Amz-Security-Token=');
    await expect(resolve(auth)).rejects.toMatchObject({ class: 'AccessError' });
  });

  it('creates a secret that can sign a token', async () => {
    const token = await resolve({ type: 'iam-user', secret: 'ferry/aws' });
    expect(token).toMatch(new RegExp(`^${HOST}:5432/\\?Action=connect&DBUser=ferry&`));
  });
});
