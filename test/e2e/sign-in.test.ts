import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { functionOutputOfExtraction } from '../../shared/config/deployment/function-outputs.ts';
import { lambdaLogs } from '../support/aws/lambda-logs.ts';
import { queryAws } from '../support/aws/query-aws.ts';
import { type RolePolicies, rolePolicies, type Statement } from '../support/aws/role-policies.ts';
import { startTokenDatabase, type TokenDatabase } from '../support/source/token-sources.ts';
import { type Deployment, prepareDeployment } from '../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../support/stack/open-stack.ts';
import { type StackSurroundings, startSurroundings } from '../support/stack/stack-surroundings.ts';

// Functions that have no password: their roles sign in. The databases judge everything of a token but its signature, as the keys are
// the emulator's secret.

const STACK = 'FerrySignIn';
const DATASET = 'ds_signin1';
const EXTERNAL_ID = 'fremde-kennung-4711';

let around: StackSurroundings;
let postgres: TokenDatabase;
let mysql: TokenDatabase;
let deployment: Deployment;
let stack: OpenStack;
let outputs: Record<string, string>;
let roles: RolePolicies;
let folder: string;

beforeAll(async () => {
  [around, postgres, mysql] = await Promise.all([
    startSurroundings([DATASET]),
    startTokenDatabase('postgres', { keys: undefined }),
    startTokenDatabase('mysql', { keys: undefined }),
  ]);
  const { aws, targets } = around;
  folder = await mkdtemp(join(tmpdir(), 'ferry-sign-in-'));
  const source = async (database: TokenDatabase, auth: Record<string, unknown>) => {
    const ca = join(folder, `${database.type}.pem`);
    await writeFile(ca, database.certificates.authority.cert);
    return database.fields(auth, ca);
  };
  const ask = await queryAws(aws, { service: 'iam', version: '2010-05-08', region: 'us-east-1' });
  await ask('CreateRole', {
    RoleName: 'reader',
    AssumeRolePolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${aws.accountId}:root` },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'sts:ExternalId': EXTERNAL_ID } },
        },
      ],
    }),
  });
  const iam = { type: 'iam', resourceId: 'db-ABCDEFGHIJKL01234' };
  const role = {
    type: 'iam-role',
    roleArn: `arn:aws:iam::${aws.accountId}:role/reader`,
    externalId: EXTERNAL_ID,
  };
  const job = (name: string) => ({
    source: name,
    query: 'SELECT 42 AS n',
    dataset: DATASET,
    whenUnchanged: 'upload',
  });
  const sources = {
    own: await source(postgres, iam),
    assumed: await source(postgres, role),
    ownmysql: await source(mysql, iam),
  };
  deployment = await prepareDeployment(aws, STACK);
  outputs = await deployment.deploy({
    version: 1,
    sources,
    polyteia: targets,
    syncs: Object.fromEntries(Object.keys(sources).map((name) => [`by-${name}`, job(name)])),
    extractions: {
      'catalog-by-own': { sources: ['own'] },
      'catalog-by-assumed': { sources: ['assumed'], databases: 'all' },
    },
  });
  stack = await openStack(aws, outputs);
  roles = await rolePolicies(aws);
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await Promise.all([around, postgres, mysql].map((each) => each?.[Symbol.asyncDispose]()));
  await rm(folder, { recursive: true, force: true });
});

const keyOf = (token: string | undefined) => /X-Amz-Credential=(ASIA[A-Z0-9]+)/.exec(token ?? '')?.[1];
const run = async (job: string) => stack.ended(await stack.start(job));

describe('a deployed sync signs in', () => {
  it.each([
    ['as its function', 'by-own', () => postgres],
    ['as a role that it assumes', 'by-assumed', () => postgres],
    ['as its function at MySQL', 'by-ownmysql', () => mysql],
  ])('%s', async (_what, job, database) => {
    expect(await run(job)).toMatchObject({ state: 'succeeded', rows: 1 });
    expect(await around.rowsOf(DATASET)).toEqual([[42]]);
    const last = database().tokens.received.at(-1);
    expect(last).toMatchObject({ username: 'ferry', refused: undefined });
    expect(keyOf(last?.token)).toBeDefined();
    expect(last?.token).toContain('&X-Amz-Security-Token=');
  });

  it('with other keys for another role', () => {
    const keys = postgres.tokens.received.map(({ token }) => keyOf(token));
    expect(new Set(keys).size).toBe(2);
  });

  it('and not without the permission to assume the role', async () => {
    const assumes = ({ Action }: Statement) => [Action].flat().includes('sts:AssumeRole');
    await using missing = await roles.remove(`${STACK}-Syncassumed`, assumes);
    const record = await run('by-assumed');
    expect(record).toMatchObject({
      state: 'failed',
      error: {
        class: 'AccessError',
        phase: 'connect',
        message: expect.stringMatching(/does not let Ferry assume the role arn:aws:iam::\d+:role\/reader/),
        hint: expect.stringContaining('must allow sts:AssumeRole'),
      },
    });
    expect(JSON.stringify(record)).not.toContain(EXTERNAL_ID);
    await missing.putBack();
    expect(await run('by-assumed')).toMatchObject({ state: 'succeeded' });
  });
});

describe('a deployed extraction signs in', () => {
  it.each([
    ['as its function, once for the run', 'catalog-by-own', 1],
    [
      'as a role that it assumes, again for the list of databases and for each of them',
      'catalog-by-assumed',
      2,
    ],
  ])('%s', async (_what, job, connections) => {
    const before = postgres.tokens.received.length;
    expect(await run(job)).toMatchObject({
      state: 'succeeded',
      outcome: 'extracted',
      databases: [{ database: 'postgres', state: 'extracted' }],
    });
    const received = postgres.tokens.received.slice(before);
    expect(received).toHaveLength(connections);
    expect(new Set(received.map(({ token }) => token)).size).toBe(connections);
    for (const { username, refused, token } of received) {
      expect({ username, refused }).toEqual({ username: 'ferry', refused: undefined });
      expect(token).toContain('&X-Amz-Security-Token=');
    }
  });
});

describe('the sign-in', () => {
  it('leaves no secret in logs and records', async () => {
    const functions = [
      ...['SyncFunctionown', 'SyncFunctionassumed', 'SyncFunctionownmysql'],
      ...['catalog-by-own', 'catalog-by-assumed'].map(functionOutputOfExtraction),
    ];
    const logs = await Promise.all(
      functions.map((name) => lambdaLogs(around.aws, outputs[name] ?? '', 'run succeeded')),
    );
    const records = await stack.runs.list({ limit: 100 });
    const text = JSON.stringify([logs, records]);
    for (const { token } of [...postgres.tokens.received, ...mysql.tokens.received]) {
      const signature = /X-Amz-Signature=([0-9a-f]{64})/.exec(token)?.[1] ?? token;
      expect(text).not.toContain(signature);
      expect(text).not.toContain(keyOf(token));
    }
    expect(text).not.toMatch(/X-Amz-|ASIA/);
    expect(text).not.toContain(EXTERNAL_ID);
  });
});
