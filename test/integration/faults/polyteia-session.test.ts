import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harmless, outages } from '../../support/polyteia/polyteia-faults.ts';
import type {
  FailureHow,
  PlannedFailure,
  PolyteiaStandIn,
  StandInOperation,
} from '../../support/polyteia/stand-in/types.ts';
import {
  CANARY,
  type FaultRun,
  runWithFault,
  TRIES,
  undisturbedFile,
} from '../../support/runs/fault-bench.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

const query = (version: number) => `SELECT id, note, ${version} AS version FROM orders ORDER BY id`;

let postgres: PostgresServer;
let common: Pick<FaultRun, 'source' | 'query' | 'before' | 'replacement'>;
beforeAll(async () => {
  postgres = await startPostgres({ password: 'p w$ü' });
  await postgres.query(
    `CREATE TABLE orders AS SELECT i AS id, '${CANARY} ' || md5(i::text) AS note FROM generate_series(1, 20000) i`,
  );
  const before = await undisturbedFile({ source: postgres, query: query(1) });
  const replacement = await undisturbedFile({ source: postgres, query: query(2) });
  common = { source: postgres, query: query(2), before, replacement };
});
afterAll(() => postgres.stop());

const run = (options: Partial<FaultRun> = {}) =>
  runWithFault({ ...common, standIn: { api: 'session' }, ...options });
const failing = (failure: PlannedFailure) => ({
  plan: (standIn: PolyteiaStandIn) => standIn.failNext(failure),
});

const CALLS: readonly StandInOperation[] = [
  'exchange',
  'getDatasetById',
  'getMyAcceptanceStatus',
  'upload',
  'getDatasetIngestStatus',
];
const phaseOf = (on: StandInOperation) =>
  ({ upload: 'upload', getDatasetIngestStatus: 'ingest' })[on as string] ?? 'check target';
/** The calls of a run, of which one is made so many times. */
const callsWith = (repeated: StandInOperation, times: number) =>
  CALLS.flatMap((on) => (on === repeated ? Array<string>(times).fill(on) : [on]));
const callsUntil = (last: StandInOperation, times: number) =>
  callsWith(last, times).slice(0, CALLS.indexOf(last) + times);

const matrix = CALLS.flatMap((on) =>
  [
    ...outages,
    ...(on === 'upload'
      ? [{ what: 'a reset in the middle', how: { kind: 'reset', when: 'middle' } as const }]
      : []),
  ].map((outage) => ({ on, waitMs: undefined, patienceMs: undefined, ...outage })),
);

describe.concurrent('session: failures that may pass on their own', () => {
  it.each(matrix)('$on: $what, once', async ({ on, how, waitMs, patienceMs }) => {
    const outcome = await run({
      ...failing({ on, how }),
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    expect(outcome.record).toMatchObject({ state: 'succeeded', outcome: 'uploaded', warnings: [] });
    expect(outcome.saved).toEqual(outcome.record);
    // Of an upload that was taken twice the second is waited for, and nobody reads the first.
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
    expect(outcome.calls).toEqual(callsWith(on, 2));
    expect(outcome.phases.filter((name) => name === 'export')).toHaveLength(1);
    const phase = phaseOf(on);
    // Who waits for an ingest asks again anyway.
    if (phase === 'ingest') expect(outcome.retries).toEqual([]);
    else expect(outcome.retries).toEqual([{ phase, waitMs: waitMs ?? expect.any(Number) }]);
  });

  it.each(CALLS.slice(0, -1))('%s: 503 forever', async (on) => {
    const how: FailureHow = { kind: 'status', status: 503, message: CANARY };
    const outcome = await run(failing({ on, times: 99, how }));
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'PolyteiaUnavailableError', phase: phaseOf(on) },
    });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.calls).toEqual(callsUntil(on, TRIES));
    expect(outcome.retries).toHaveLength(TRIES - 1);
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });

  it.each(CALLS.flatMap((on) => harmless.map((one) => ({ on, ...one }))))(
    '$on answered $what is not a failure',
    async ({ on, how }) => {
      const outcome = await run(failing({ on, how }));
      expect(outcome.record).toMatchObject({ state: 'succeeded', warnings: [] });
      expect(outcome.calls).toEqual(CALLS);
      expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1, retries: [] });
    },
  );
});

const status = (code: number, more: { code?: string; html?: string } = {}): FailureHow => ({
  kind: 'status',
  status: code,
  message: `planned ${code}`,
  ...more,
});
const refusals: readonly { on: StandInOperation; how: FailureHow & { kind: 'status' }; message: RegExp }[] = [
  ['exchange', status(401), /does not accept the personal access key/],
  ['exchange', status(403), /does not allow this personal access key in/],
  ['exchange', status(404), /has no organization/],
  ['exchange', status(400), /refused to exchange/],
  ['getDatasetById', status(403), /does not allow this key/],
  ['getDatasetById', status(404), /has no dataset/],
  ['getDatasetById', status(403, { html: '<html>blocked</html>' }), /Something in front of Polyteia/],
  ['getMyAcceptanceStatus', status(403), /does not allow this key/],
  ['getMyAcceptanceStatus', status(404), /solution/],
  ['upload', status(400), /HTTP status 400/],
  ['upload', status(403), /does not allow this key to upload/],
  ['upload', status(404), /has no dataset/],
  ['upload', status(412, { code: 'dpa.not-acknowledged' }), /data processing terms/],
  ['upload', status(413), /HTTP status 413/],
].map(([on, how, message]) => ({ on, how, message }) as never);

describe.concurrent('session: failures that do not pass', () => {
  it.each(refusals)('$on: $how.status, one try', async ({ on, how, message }) => {
    const outcome = await run(failing({ on, times: 99, how }));
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'PolyteiaRejectedError', message: expect.stringMatching(message), phase: phaseOf(on) },
    });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.calls).toEqual(callsUntil(on, 1));
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0, retries: [] });
  });

  it('terms that are not acknowledged: noticed before the source is read', async () => {
    const outcome = await run({
      plan: ({ datasets }) => {
        for (const dataset of datasets.values()) dataset.termsAcknowledged = false;
      },
    });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'PolyteiaRejectedError', phase: 'check target' },
    });
    expect(outcome).toMatchObject({ phases: ['check target'], dataset: 'unchanged', retries: [] });
  });

  it.each<StandInOperation>(['getDatasetById', 'getMyAcceptanceStatus', 'upload', 'getDatasetIngestStatus'])(
    '%s: a session that expired early is opened again',
    async (on) => {
      const outcome = await run(failing({ on, how: status(401) }));
      expect(outcome.record).toMatchObject({ state: 'succeeded', warnings: [] });
      const at = CALLS.indexOf(on);
      expect(outcome.calls).toEqual([...CALLS.slice(0, at + 1), 'exchange', on, ...CALLS.slice(at + 1)]);
      expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1, retries: [] });
    },
  );

  it('all sessions expire while the source is read', async () => {
    const outcome = await run({
      onProgress: (event, standIn) => {
        if (event.type === 'phase-started' && event.phase === 'export') standIn.expireSessions();
      },
    });
    expect(outcome.record).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(outcome.calls.slice(3)).toEqual(['upload', 'exchange', 'upload', 'getDatasetIngestStatus']);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });

  it('a session that is refused repeatedly ends with the key as the reason', async () => {
    const outcome = await run(failing({ on: 'upload', times: 99, how: status(401) }));
    expect(outcome.record).toMatchObject({ state: 'failed', error: { class: 'PolyteiaRejectedError' } });
    expect(outcome.calls.filter((call) => call === 'upload')).toHaveLength(2);
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0, retries: [] });
  });
});

describe.concurrent('session: an ingest', () => {
  const ingest = { pollInterval: '5s', timeout: '1m' };
  /** Polyteia is asked at once, every 5 s, and at the end of the minute. */
  const ASKED = 13;
  const cases: readonly {
    what: string;
    plan: (standIn: PolyteiaStandIn) => void;
    class: string;
    message: RegExp;
    asked: number;
  }[] = [
    {
      what: 'failed',
      plan: (standIn) =>
        standIn.planIngest({ outcome: 'failed', polls: 2, errorMessage: `bad type: ${CANARY} at row 2` }),
      class: 'PolyteiaRejectedError',
      message: /could not read it \(a value that does not fit its type, row 2\)/,
      asked: 3,
    },
    {
      what: 'never ends',
      plan: (standIn) => standIn.planIngest({ outcome: 'hanging' }),
      class: 'DeadlineError',
      message: /accepted the file .* has not read it after 1 min/,
      asked: ASKED,
    },
    {
      what: 'is lost',
      plan: (standIn) => standIn.planIngest({ outcome: 'lost' }),
      class: 'PolyteiaRejectedError',
      message: /no longer knows ingest dsig_\w+/,
      asked: 1,
    },
    {
      what: 'cannot be asked for: 503 forever',
      plan: (standIn) => standIn.failNext({ on: 'getDatasetIngestStatus', times: 999, how: status(503) }),
      class: 'DeadlineError',
      message: /accepted the file .* The last status request failed: .* HTTP status 503/,
      asked: ASKED,
    },
    {
      what: 'may not be asked for: 403',
      plan: (standIn) => standIn.failNext({ on: 'getDatasetIngestStatus', how: status(403) }),
      class: 'PolyteiaRejectedError',
      message: /does not allow this key to follow uploads/,
      asked: 1,
    },
  ];

  it.each(cases)('that $what', async ({ plan, asked, ...expected }) => {
    const outcome = await run({ plan, target: { ingest } });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: expected.class, phase: 'ingest', message: expect.stringMatching(expected.message) },
    });
    expect(outcome.saved).toEqual(outcome.record);
    // That the file had arrived is told: by the phase that ended, and what is to be looked at.
    expect(outcome.record?.phases.map(({ name }) => name)).toContain('upload');
    const polls = outcome.calls.filter((call) => call === 'getDatasetIngestStatus').length;
    // The real clock adds its milliseconds to the minute.
    expect(polls - asked).toBeLessThanOrEqual(0);
    expect(polls).toBeGreaterThanOrEqual(asked - 1);
    expect(outcome.calls.filter((call) => call === 'upload')).toHaveLength(1);
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0, retries: [] });
  });

  it('that takes long is waited for', async () => {
    const outcome = await run({
      target: { ingest },
      plan: (standIn) => standIn.planIngest({ polls: 6 }),
    });
    expect(outcome.record).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(outcome.calls.filter((call) => call === 'getDatasetIngestStatus')).toHaveLength(7);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });
});
