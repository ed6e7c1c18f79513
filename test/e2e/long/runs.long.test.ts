import { rm } from 'node:fs/promises';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { awsClientOptions } from '../../support/aws/aws-client-options.ts';
import { killLambda } from '../../support/aws/lambda-processes.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { survivingNode } from '../../support/processes/surviving-node.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { atGate, closeGate, throughGate } from '../../support/runs/gate.ts';
import { type Deployment, prepareDeployment } from '../../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../../support/stack/open-stack.ts';
import { type StackSurroundings, startSurroundings } from '../../support/stack/stack-surroundings.ts';

// These take a while: each test has its own jobs, and its own gate at the source, so that they wait at the same time.

const STACK = 'FerryRuns';
const KILLED = 'ds_killed1';
const CHANGED = 'ds_changed1';
const FIRST = 'ds_first1';
const SECOND = 'ds_second1';
const SLOWLY_READ = 'ds_slowlyread1';
const gates = { killed: 1, changed: 2, narrow: 3 };

let around: StackSurroundings;
let modern: PolyteiaStandIn;
let nodeFolder: string;
let deployment: Deployment;
let stack: OpenStack;
let outputs: Record<string, string>;

function configuration(changedQuery: string) {
  const { source, targets } = around;
  const { killed, narrow } = gates;
  return {
    version: 1,
    sources: { erp: source, narrow: { ...source, maxConcurrentRuns: 1 } },
    polyteia: {
      ...targets,
      modern: {
        token: 'ferry/modern',
        organization: modern.organization.slug,
        baseUrl: modern.baseUrl,
        ingest: { pollInterval: '1s' },
      },
    },
    syncs: {
      killed: {
        source: 'erp',
        query: `SELECT id, ${throughGate(killed)} AS gate FROM orders`,
        dataset: KILLED,
        dedicated: {},
      },
      changed: { source: 'erp', query: changedQuery, dataset: CHANGED, dedicated: {} },
      first: { source: 'narrow', query: `SELECT 1 AS id, ${throughGate(narrow)} AS gate`, dataset: FIRST },
      second: { source: 'narrow', query: `SELECT 2 AS id, ${throughGate(narrow)} AS gate`, dataset: SECOND },
      'slowly-read': {
        source: 'erp',
        query: 'SELECT id FROM orders',
        dataset: SLOWLY_READ,
        polyteia: 'modern',
        // The shortest that there is: the time for which it may wait for Polyteia is less than that.
        dedicated: { timeout: '1m' },
      },
    },
  };
}
const QUERY = `SELECT id, ${throughGate(gates.changed)} AS gate FROM orders`;

beforeAll(async () => {
  nodeFolder = await survivingNode();
  // As on AWS: the first retry comes after a minute, when the lease of a killed run has expired.
  const settings = { LAMBDA_ASYNC_RETRY_BASE_SECONDS: '60', LAMBDA_ASYNC_RETRY_MAX_SECONDS: '120' };
  [around, modern] = await Promise.all([
    startSurroundings([KILLED, CHANGED, FIRST, SECOND], { settings, nodeVersionPath: nodeFolder }),
    startPolyteiaStandIn({ api: 'session', datasets: [SLOWLY_READ] }),
  ]);
  const { aws, postgres } = around;
  const secrets = new SecretsManagerClient(await awsClientOptions(aws));
  const SecretString = modern.personalAccessKey;
  await secrets.send(new CreateSecretCommand({ Name: 'ferry/modern', SecretString }));
  await postgres.query('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 5) i');
  // A deployment takes longer than Ferry waits for a lock, and gates are locks.
  await postgres.query(`ALTER DATABASE "${postgres.database}" SET lock_timeout = '10min'`);
  deployment = await prepareDeployment(aws, STACK);
  outputs = await deployment.deploy(configuration(QUERY));
  stack = await openStack(aws, outputs);
});
afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  await Promise.all([around?.[Symbol.asyncDispose](), modern?.stop()]);
  await rm(nodeFolder, { recursive: true });
});

/** Waits until so many queries wait at a gate. */
const queriesAt = (gate: number, count = 1) =>
  waitFor(
    `${count} queries at gate ${gate}`,
    async () => ((await around.postgres.query(atGate(gate))).rowCount === count ? true : undefined),
    60_000,
  );
const uploads = (dataset: string) => around.polyteia.datasets.get(dataset)?.uploads;
const phasesOf = ({ phases }: RunRecord) => phases.map(({ name }) => name);

describe.concurrent('runs of a deployed stack', () => {
  it('are taken over by the platform’s retry when their function was killed: one run with two attempts', async () => {
    await using gate = await closeGate(around.postgres, gates.killed);
    const id = await stack.start('killed');
    await queriesAt(gates.killed);
    // The heartbeat that tells in which phase the run is comes every ten seconds.
    await waitFor(
      'a heartbeat from the export',
      async () => (await stack.runs.readHolder('killed'))?.phase === 'export' || undefined,
      30_000,
    );
    await killLambda(outputs.DedicatedFunctionkilled ?? '');
    await gate.open();
    expect(uploads(KILLED)).toBe(0);

    const run = await stack.ended(id, 150_000);
    expect(run).toMatchObject({ state: 'succeeded', outcome: 'uploaded', rows: 5, trigger: 'api' });
    expect(run.attempts).toEqual([
      { startedAt: expect.any(String), lostIn: 'export' },
      { startedAt: expect.any(String) },
    ]);
    expect(await stack.runs.list({ job: 'killed', limit: 10 })).toHaveLength(1);
    expect(uploads(KILLED)).toBe(1);
    expect((await around.rowsOf(KILLED)).map(([value]) => value)).toEqual([1, 2, 3, 4, 5]);
  });

  it('end as they began when their query is changed meanwhile; the next one has the new query', async () => {
    await using gate = await closeGate(around.postgres, gates.changed);
    const id = await stack.start('changed');
    await queriesAt(gates.changed);
    const deployed = await deployment.deploy(configuration('SELECT count(*) AS anzahl FROM orders'));
    expect(deployed).toEqual(outputs);
    expect(await stack.runs.get(id)).toMatchObject({ state: 'running' });
    await gate.open();
    const before = await stack.ended(id);
    expect(before).toMatchObject({ state: 'succeeded', rows: 5, schema: [{ name: 'id' }, { name: 'gate' }] });
    expect(before.attempts).toHaveLength(1);

    const after = await stack.ended(await stack.start('changed'));
    expect(after).toMatchObject({ state: 'succeeded', rows: 1, schema: [{ name: 'anzahl' }] });
    expect(after.configHash).not.toBe(before.configHash);
    expect(await around.rowsOf(CHANGED)).toEqual([[5]]);
  });

  it('wait as queued while their source has no free slot, and then continue on their own', async () => {
    await using gate = await closeGate(around.postgres, gates.narrow);
    const first = await stack.start('first');
    await queriesAt(gates.narrow);
    const second = await stack.start('second');
    await stack.reached(second, 'queued');
    await waitFor(
      'the end of its invocation',
      async () => (await stack.runs.findParkedRun('second')) || undefined,
      60_000,
    );
    expect(await stack.call('GET', `/runs/${second}`)).toMatchObject({
      body: { state: 'queued', stale: false },
    });
    // It is waiting, in no function and not at the source.
    await queriesAt(gates.narrow);
    await gate.open();
    const ended = await Promise.all([stack.ended(first), stack.ended(second)]);
    expect(ended).toMatchObject([
      { state: 'succeeded', rows: 1 },
      { state: 'succeeded', rows: 1 },
    ]);
    expect(ended.map((run) => phasesOf(run).includes('queued'))).toEqual([false, true]);
    expect(ended.map(({ attempts }) => attempts?.length)).toEqual([1, 1]);
  });

  it('stay ingesting when Polyteia reads for longer than their function may run; the next start ends them', async () => {
    modern.planIngest({ outcome: 'hanging' });
    const id = await stack.start('slowly-read');
    const waiting = await stack.reached(id, 'ingesting', 120_000);
    expect(waiting).toMatchObject({ rows: 5, ingest: { id: expect.any(String) } });
    expect(await stack.call('GET', `/runs/${id}`)).toMatchObject({ body: { state: 'ingesting' } });

    modern.endHangingIngests();
    const next = await stack.ended(await stack.start('slowly-read'));
    expect(next).toMatchObject({ state: 'succeeded', outcome: 'uploaded' });
    expect(phasesOf(next)).toContain('earlier upload');
    expect(await stack.runs.get(id)).toMatchObject({ state: 'succeeded', outcome: 'uploaded', rows: 5 });
    expect(modern.datasets.get(SLOWLY_READ)?.uploads).toBe(2);
    modern.assertNoViolations();
  });
});

describe('after that', () => {
  it('no call to Polyteia broke the contract', () => {
    around.polyteia.assertNoViolations();
  });
});
