import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harmless, outages } from '../../support/polyteia/polyteia-faults.ts';
import type { FailureHow, StandInOperation } from '../../support/polyteia/stand-in/types.ts';
import {
  CANARY,
  DATASET,
  type FaultRun,
  runWithFault,
  TRIES,
  undisturbedFile,
} from '../../support/runs/fault-bench.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

const TOKEN = 'generate_dataset_upload_token';
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

const run = (options: Partial<FaultRun> = {}) => runWithFault({ ...common, ...options });

/** A call of a run, and what calls a run makes that meets a fault at it so many times. */
interface Place {
  call: string;
  on: StandInOperation;
  /** How many calls of this operation come before. */
  after: number;
  phase: string;
  /** The calls before, those that are repeated, those after. */
  calls: readonly [before: string[], repeated: string[], after: string[]];
}

const places: readonly Place[] = [
  {
    call: 'the question for the dataset',
    on: 'get_dataset',
    after: 0,
    phase: 'check target',
    calls: [[], ['get_dataset'], [TOKEN, 'upload', 'get_dataset']],
  },
  {
    call: 'the upload token',
    on: TOKEN,
    after: 0,
    phase: 'upload',
    calls: [['get_dataset'], [TOKEN], [TOKEN, 'upload', 'get_dataset']],
  },
  {
    call: 'the upload',
    on: 'upload',
    after: 0,
    phase: 'upload',
    calls: [['get_dataset'], [TOKEN, 'upload'], [TOKEN, 'upload', 'get_dataset']],
  },
  {
    call: 'the verification',
    on: 'get_dataset',
    after: 1,
    phase: 'verify',
    calls: [['get_dataset', TOKEN, 'upload'], ['get_dataset'], ['get_dataset']],
  },
];
/** What the calls are when the fault comes once: the whole of what must be repeated is made again. */
const callsOnce = ({ on, after, calls: [before, repeated, rest] }: Place) =>
  on === 'get_dataset' && after === 0
    ? [...repeated, ...repeated, ...rest]
    : [...before, ...repeated, ...rest];
const callsForEver = ({ calls: [before, repeated] }: Place) => [
  ...before,
  ...Array.from({ length: TRIES }, () => repeated).flat(),
];

/** Whether an upload took effect though its answer says otherwise, or nothing. */
const tookEffect = (on: StandInOperation, how: FailureHow) =>
  on === 'upload' && (how.kind === 'truncated' || (how.kind === 'reset' && how.apply === true));

const endless: FailureHow = { kind: 'endless' };

const matrix = places.flatMap((place) =>
  [
    ...outages,
    { what: 'error 500 inside 200', how: { kind: 'errorEnvelope', code: 500, message: CANARY } as const },
    ...(place.on === 'upload'
      ? [{ what: 'a reset in the middle', how: { kind: 'reset', when: 'middle' } as const }]
      : []),
  ]
    // The classic API answers an upload with text, and its status says it all.
    .filter(({ how }) => place.on !== 'upload' || (how.kind !== 'notJson' && how.kind !== 'endless'))
    .map((outage) => ({ ...place, place, waitMs: undefined, patienceMs: undefined, ...outage })),
);

describe.concurrent('classic: failures that may pass on their own', () => {
  it.each(matrix)('$call: $what, once', async ({ place, on, after, phase, how, waitMs, patienceMs }) => {
    const outcome = await run({
      plan: (standIn) => standIn.failNext({ on, after, how }),
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    expect(outcome.record).toMatchObject({ state: 'succeeded', outcome: 'uploaded', warnings: [] });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.dataset).toBe('replaced');
    expect(outcome.uploads).toBe(tookEffect(on, how) ? 2 : 1);
    expect(outcome.calls).toEqual(callsOnce(place));
    // The source is read once, whatever Polyteia does.
    expect(outcome.phases.filter((name) => name === 'export')).toHaveLength(1);
    if (phase === 'verify') expect(outcome.retries).toEqual([]);
    else expect(outcome.retries).toEqual([{ phase, waitMs: waitMs ?? expect.any(Number) }]);
  });

  // One kind for each call is enough, because they are distinguished in one place.
  it.each(places.filter(({ phase }) => phase !== 'verify'))('$call: 503 forever', async (place) => {
    const { on, after, phase } = place;
    const outcome = await run({
      plan: (standIn) =>
        standIn.failNext({ on, after, times: 99, how: { kind: 'status', status: 503, message: CANARY } }),
    });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'PolyteiaUnavailableError', phase },
    });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.calls).toEqual(callsForEver(place));
    expect(outcome.retries).toHaveLength(TRIES - 1);
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });

  it('an upload that takes effect and is never answered: failed, without claiming that nothing happened', async () => {
    const outcome = await run({
      plan: (standIn) =>
        standIn.failNext({ on: 'upload', times: 99, how: { kind: 'reset', when: 'after', apply: true } }),
    });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'PolyteiaUnavailableError', phase: 'upload' },
    });
    expect(outcome.record?.error?.message).not.toMatch(/left as it is|nothing was uploaded/i);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: TRIES });
  });

  const unharmed = places.flatMap((place) => [
    ...harmless.map((one) => ({ ...place, ...one })),
    ...(place.on === 'upload' ? [{ ...place, what: 'with 200 and words without an end', how: endless }] : []),
  ]);
  it.each(unharmed)('$call answered $what is not a failure', async ({ on, after, how }) => {
    const outcome = await run({ plan: (standIn) => standIn.failNext({ on, after, how }) });
    expect(outcome.record).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(outcome.retries).toEqual([]);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });
});

interface Refusal {
  what: string;
  on: StandInOperation;
  how: FailureHow;
  message: RegExp;
}

const envelope = (code: number): FailureHow => ({ kind: 'errorEnvelope', code, message: 'as planned' });
const status = (code: number, early?: true): FailureHow => ({
  kind: 'status',
  status: code,
  message: CANARY,
  ...(early ? { early } : {}),
});
const refusals: readonly Refusal[] = [
  {
    what: 'the question for the dataset: 401',
    on: 'get_dataset',
    how: status(401),
    message: /personal access key/,
  },
  {
    what: 'the question for the dataset: error 400',
    on: 'get_dataset',
    how: envelope(400),
    message: /error 400/,
  },
  {
    what: 'the question for the dataset: error 401',
    on: 'get_dataset',
    how: envelope(401),
    message: /personal access key/,
  },
  {
    what: 'the question for the dataset: error 404',
    on: 'get_dataset',
    how: envelope(404),
    message: /has no dataset/,
  },
  {
    what: 'the upload token: 401 in the middle of the run',
    on: TOKEN,
    how: status(401),
    message: /personal access key/,
  },
  { what: 'the upload token: error 400', on: TOKEN, how: envelope(400), message: /error 400/ },
  { what: 'the upload token: error 403', on: TOKEN, how: envelope(403), message: /does not allow this key/ },
  { what: 'the upload token: error 404', on: TOKEN, how: envelope(404), message: /has no dataset/ },
  { what: 'the upload: 400', on: 'upload', how: envelope(400), message: /HTTP status 400/ },
  { what: 'the upload: 403', on: 'upload', how: status(403), message: /HTTP status 403/ },
  { what: 'the upload: 404', on: 'upload', how: status(404), message: /HTTP status 404/ },
  {
    what: 'the upload: 413 before it was sent',
    on: 'upload',
    how: status(413, true),
    message: /HTTP status 413/,
  },
];

describe.concurrent('classic: failures that do not pass', () => {
  it.each(refusals)('$what: one try', async ({ on, how, message }) => {
    const outcome = await run({ plan: (standIn) => standIn.failNext({ on, times: 99, how }) });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: 'PolyteiaRejectedError', message: expect.stringMatching(message) },
    });
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.calls.filter((call) => call === on)).toHaveLength(1);
    expect(outcome.calls.at(-1)).toBe(on);
    expect(outcome.retries).toEqual([]);
    expect(outcome).toMatchObject({ dataset: 'unchanged', uploads: 0 });
  });

  it('a key that may upload but not read (error 403) is enough', async () => {
    const outcome = await run({
      plan: (standIn) => standIn.failNext({ on: 'get_dataset', times: 99, how: envelope(403) }),
    });
    expect(outcome.record).toMatchObject({
      state: 'succeeded',
      warnings: [expect.stringContaining('accepted but could not be verified')],
    });
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });

  it.each([
    ['once: another one is taken', 1, 'succeeded', 2],
    ['again: the run fails', 99, 'failed', 2],
  ] as const)('an upload token that expired, %s', async (_, times, state, tokens) => {
    const outcome = await run({
      plan: (standIn) => standIn.failNext({ on: 'upload', times, how: status(401) }),
    });
    expect(outcome.record?.state).toBe(state);
    expect(outcome.calls.filter((call) => call === TOKEN)).toHaveLength(tokens);
    expect(outcome.retries).toEqual([]);
    expect(outcome.dataset).toBe(state === 'succeeded' ? 'replaced' : 'unchanged');
    if (state === 'failed') expect(outcome.error?.class).toBe('PolyteiaRejectedError');
  });
});

describe.concurrent('classic: an upload that cannot be verified is reported', () => {
  const other = (): FailureHow => ({
    kind: 'notJson',
    body: JSON.stringify({
      data: {
        id: DATASET,
        metadata: {
          asset_info: {
            content_type: 'application/vnd.apache.parquet',
            size: 7,
            uploaded_at: '2999-01-01T00:00:00Z',
          },
        },
      },
    }),
  });
  const cases = [
    {
      what: 'another size',
      how: other(),
      class: 'PolyteiaRejectedError',
      asked: 3,
      message: /7 bytes instead of/,
    },
    {
      what: '503 forever',
      how: status(503),
      class: 'PolyteiaUnavailableError',
      asked: 3,
      message: /HTTP status 503/,
    },
    {
      what: 'error 403',
      how: envelope(403),
      class: 'PolyteiaRejectedError',
      asked: 1,
      message: /does not allow/,
    },
  ];
  it.each(cases)('$what, verify: warn', async ({ how, asked, message }) => {
    const outcome = await run({
      plan: (standIn) => standIn.failNext({ on: 'get_dataset', after: 1, times: 99, how }),
    });
    expect(outcome.record).toMatchObject({
      state: 'succeeded',
      warnings: [expect.stringMatching(/accepted the upload, but|upload was accepted but/)],
    });
    expect(outcome.record?.warnings[0]).toMatch(message);
    expect(outcome.calls.slice(1)).toEqual([TOKEN, 'upload', ...Array(asked).fill('get_dataset')]);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });
  it.each(cases)('$what, verify: strict', async ({ how, asked, ...expected }) => {
    const outcome = await run({
      target: { verify: 'strict' },
      plan: (standIn) => standIn.failNext({ on: 'get_dataset', after: 1, times: 99, how }),
    });
    expect(outcome.record).toMatchObject({
      state: 'failed',
      error: { class: expected.class, phase: 'verify', message: expect.stringMatching(expected.message) },
    });
    // The dataset was replaced: anyone who reads only the message must not believe otherwise.
    expect(outcome.error?.message).toMatch(/accepted the upload, but|upload was accepted but/);
    expect(outcome.saved).toEqual(outcome.record);
    expect(outcome.calls.slice(1)).toEqual([TOKEN, 'upload', ...Array(asked).fill('get_dataset')]);
    expect(outcome).toMatchObject({ dataset: 'replaced', uploads: 1 });
  });
});
