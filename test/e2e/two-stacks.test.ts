import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/processes/wait-for.ts';
import { atGate, closeGate, throughGate } from '../support/runs/gate.ts';
import { type Deployment, prepareDeployment } from '../support/stack/deployment.ts';
import { type OpenStack, openStack } from '../support/stack/open-stack.ts';
import { type StackSurroundings, startSurroundings } from '../support/stack/stack-surroundings.ts';

// One account, one region, two configurations that use the same names: a city and its utility company, say.

const datasets = { FerryStadt: 'ds_stadt1', FerryWerke: 'ds_werke1' };
type StackName = keyof typeof datasets;
const GATE = 4711;

let around: StackSurroundings;
let stadt: OpenStack;
let werke: OpenStack;
const deployments = new Map<StackName, Deployment>();

const configuration = (stack: StackName, rows: number) => ({
  version: 1,
  sources: { erp: { ...around.source, maxConcurrentRuns: 1 } },
  polyteia: around.targets,
  syncs: {
    orders: {
      source: 'erp',
      query: `SELECT i AS id, ${throughGate(GATE)} AS gate FROM generate_series(1, ${rows}) i`,
      dataset: datasets[stack],
      whenUnchanged: 'upload',
    },
  },
});

async function deploy(stack: StackName, rows: number): Promise<OpenStack> {
  const deployment = await prepareDeployment(around.aws, stack);
  deployments.set(stack, deployment);
  return openStack(around.aws, await deployment.deploy(configuration(stack, rows)));
}

beforeAll(async () => {
  around = await startSurroundings(Object.values(datasets));
  stadt = await deploy('FerryStadt', 3);
  werke = await deploy('FerryWerke', 5);
});
afterAll(async () => {
  for (const deployment of deployments.values()) await deployment[Symbol.asyncDispose]();
  await around?.[Symbol.asyncDispose]();
});

describe('two stacks side by side', () => {
  it('run jobs with the same name at the same time, each with its own leases and slots', async () => {
    await using gate = await closeGate(around.postgres, GATE);
    const ids = await Promise.all([stadt.start('orders'), werke.start('orders')]);
    // Neither waits for the other, though each source takes one run at a time.
    const both = async () => ((await around.postgres.query(atGate(GATE))).rowCount === 2 ? true : undefined);
    await waitFor('both queries at the source', both, 60_000);
    await gate.open();
    const [ofStadt, ofWerke] = await Promise.all([stadt.ended(ids[0]), werke.ended(ids[1])]);
    expect(ofStadt).toMatchObject({ state: 'succeeded', rows: 3, dataset: datasets.FerryStadt });
    expect(ofWerke).toMatchObject({ state: 'succeeded', rows: 5, dataset: datasets.FerryWerke });
    expect(await around.rowsOf(datasets.FerryStadt)).toHaveLength(3);
    expect(await around.rowsOf(datasets.FerryWerke)).toHaveLength(5);
  });

  it('do not see each other’s runs', async () => {
    const [ofStadt] = await stadt.runs.list({ limit: 10 });
    const [ofWerke] = await werke.runs.list({ limit: 10 });
    for (const [stack, own, other] of [
      [stadt, ofStadt, ofWerke],
      [werke, ofWerke, ofStadt],
    ] as const) {
      const { body } = await stack.call('GET', '/runs');
      expect(body.runs.map(({ id }: { id: string }) => id)).toEqual([own?.id]);
      expect(await stack.call('GET', '/jobs/orders')).toMatchObject({
        body: { lastRun: { id: own?.id }, baseline: { runId: own?.id, rows: own?.rows } },
      });
      expect((await stack.call('GET', `/runs/${other?.id}`)).status).toBe(404);
      expect((await stack.call('POST', `/runs/${other?.id}/cancel`)).status).toBe(404);
    }
  });

  it('survive when the other one is destroyed', async () => {
    await deployments.get('FerryStadt')?.destroy();
    expect(await werke.ended(await werke.start('orders'))).toMatchObject({ state: 'succeeded', rows: 5 });
    expect(around.polyteia.datasets.get(datasets.FerryStadt)?.uploads).toBe(1);
    around.polyteia.assertNoViolations();
  });
});
