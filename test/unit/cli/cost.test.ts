import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CostEstimate, estimateCost } from '../../../cli/cost/estimate-cost.ts';
import { countRunsFrom } from '../../../cli/cost/runs-in-a-month.ts';
import { createProgram } from '../../../cli/program/program.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { runRecord } from '../../support/api.ts';
import { configWith } from '../../support/aws/synthesize.ts';
import { createTestCliContext } from '../../support/cli/cli-context.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const schedule = (cron: string, enabled = true) => ({ cron, timezone: 'Europe/Berlin', enabled });

describe('the runs of a month', () => {
  it.each([
    ['30 4 * * *', 30, 30],
    ['*/15 * * * *', 2880, 720],
    ['0 8,12 1 * *', 1.97, 1.97],
    ['0 6 ? * MON-FRI *', 21.45, 21.45],
    ['@every 90m', 480, 480],
    ['rate(5 minutes)', 8640, 720],
    ['0 0 1 1 ? 2020', 0, 0],
  ])('of %s', (cron, runs, hours) => {
    const month = countRunsFrom(NOW)(schedule(cron));
    expect(month.runs).toBeCloseTo(runs, 1);
    expect(month.hours).toBeCloseTo(hours, 1);
  });

  it('are none without a schedule that is on', () => {
    expect(countRunsFrom(NOW)(undefined).runs).toBe(0);
    expect(countRunsFrom(NOW)(schedule('30 4 * * *', false)).runs).toBe(0);
  });
});

describe('the estimate', () => {
  const estimate = (top: Record<string, unknown>, recorded = new Map<string, number>()) =>
    estimateCost({
      config: configWith({ jobs: 300, sources: 10, top }),
      recorded,
      assumedSeconds: 60,
      architecture: 'arm64',
      now: NOW,
    });
  const amounts = ({ items }: CostEstimate) =>
    Object.fromEntries(items.map(({ item, amount }) => [item, amount]));

  it('is the table of docs/deploy.md', async () => {
    const page = await readFile(new URL('../../../docs/deploy.md', import.meta.url), 'utf8');
    const { items, total } = estimate({ alerts: { email: ['a@example.org'] }, dashboard: true });
    for (const { item, basis, amount } of items)
      expect(page).toContain(`\n| ${item} | ${basis} | ${amount.toFixed(2)} |\n`);
    expect(page).toContain(`\n| **together** | | **${total.toFixed(2)}** |\n`);
  });

  it('has what the runs of each job cost, which is all that is not shared', () => {
    const { jobs, items } = estimate({});
    const shared = items.filter(({ item }) => /watchdog|^Secrets/i.test(item));
    const ofSecrets = jobs.reduce((sum, { runs }) => sum + runs * 2 * 0.000005, 0);
    const own = items.filter((one) => !shared.includes(one)).reduce((sum, { amount }) => sum + amount, 0);
    expect(jobs.reduce((sum, { amount }) => sum + amount, 0)).toBeCloseTo(own + ofSecrets, 6);
  });

  it('follows memory, duration and what is left out', () => {
    const plain = amounts(estimate({}));
    const twice = amounts(
      estimate({}, new Map(Array.from({ length: 300 }, (_, n) => [`table-number-${n}`, 121]))),
    );
    expect(twice['Lambda, arm64']).toBeCloseTo(2 * (plain['Lambda, arm64'] ?? 0), 6);
    expect(Object.keys(plain)).not.toContain('Dashboard');
    expect(Object.keys(amounts(estimate({ jobMetrics: false })))).not.toContain('Metrics of jobs');
    const collected = { telemetry: { endpoint: 'https://collector.example.org', metrics: 'otlp' } };
    expect(Object.keys(amounts(estimate(collected)))).not.toContain('Metrics of jobs');
  });
});

describe('ferry cost', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry cost ü '));
    await writeFile(
      join(folder, 'ferry.yaml'),
      `version: 1
sources: { erp: { type: postgres, host: h, database: d, auth: { type: password, secret: ferry/erp } } }
polyteia: { default: { token: ferry/polyteia } }
syncs:
  nightly: { source: erp, query: SELECT 1, dataset: ds_a, schedule: { cron: "30 2 * * *" } }
  manual: { source: erp, query: SELECT 1, dataset: ds_b }
`,
    );
    const store = createRunStore(createFolderDocumentStore(join(folder, '.ferry')));
    for (const durationMs of [10_000, 30_000])
      await store.save(runRecord({ job: 'nightly', state: 'succeeded', durationMs }));
    await store.save(runRecord({ job: 'nightly', state: 'failed', durationMs: 900_000 }));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const ferry = async (...args: string[]) => {
    const context = createTestCliContext(folder);
    await (await createProgram(context)).parseAsync(['node', 'ferry', 'cost', ...args]);
    return context.output.stdout;
  };

  it('goes by the recorded runs that did all of their work, and says what it assumes', async () => {
    const { jobs, total, items, assumptions }: CostEstimate = JSON.parse(
      await ferry('--json', '--seconds', '5'),
    );
    expect(jobs).toEqual([
      { job: 'manual', runs: 0, seconds: 5, from: 'assumed', amount: 0 },
      {
        job: 'nightly',
        runs: expect.closeTo(30),
        seconds: 20,
        from: 'recorded',
        amount: expect.closeTo(0.06, 2),
      },
    ]);
    expect(total).toBeCloseTo(
      items.reduce((sum, { amount }) => sum + amount, 0),
      9,
    );
    expect(assumptions).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Prices of eu-central-1 as of 2025-12, from memory/),
        '1 of 2 jobs have no finished run on record: 5 s each (--seconds).',
        '1 have no schedule that is on: what the API starts is not counted.',
      ]),
    );
  });

  it('fits 80 columns', async () => {
    const text = await ferry();
    expect(text).toMatch(
      /^ON AWS +USD A MONTH {2}RECKONED FROM\nLambda, arm64 +0\.02 {2}30 runs, 1,260 GB-s\n/,
    );
    expect(text).toMatch(
      /^JOB +RUNS A MONTH +SECONDS +USD A MONTH\nnightly +30 +20 +recorded +0\.0\d\nmanual +0 +60 +assumed +0\.00$/m,
    );
    expect(text).toMatch(/^Together +\d+\.\d\d$/m);
    for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
  });
});
