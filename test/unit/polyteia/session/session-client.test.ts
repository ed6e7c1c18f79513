import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FerryError } from '../../../../shared/errors.ts';
import type { PolyteiaClient } from '../../../../shared/polyteia/polyteia-client.ts';
import {
  type ClientSetup,
  DATASET,
  errorOf,
  FILE_SIZE,
  setUpClient,
} from '../../../support/polyteia/polyteia-client.ts';
import type { FailureHow, StandInOperation } from '../../../support/polyteia/stand-in/types.ts';

const CANARY = 'Geheimnis-4711';
const MINUTE = 60_000;

let setup: ClientSetup;
let client: PolyteiaClient;
beforeEach(async () => {
  setup = await setUpClient({ api: 'session' });
  client = setup.open();
});
afterEach(() => setup[Symbol.asyncDispose]());

const operations = () => setup.standIn.calls.map(({ on }) => on);
const stored = () => setup.standIn.datasets.get(DATASET);

/** Sends a file and waits for its end, as a run does. */
async function carry(by: PolyteiaClient = client): Promise<string | undefined> {
  await by.checkDataset(DATASET);
  const { ingest } = await setup.upload(by);
  return ingest && by.waitForIngest(ingest);
}

/** What a person reads of an error. */
const printed = ({ message, hint }: FerryError) => `${message}\n${hint}`;

describe('the session API', () => {
  it('exchanges the key, checks dataset and terms, uploads, and waits for the end of the ingest', async () => {
    setup.standIn.planIngest({ polls: 2 });
    const sent: number[] = [];
    await client.checkDataset(DATASET);
    const { ingest } = await setup.upload(client, { onProgress: (bytes) => sent.push(bytes) });
    expect(stored()?.uploads).toBe(0);
    expect(ingest).toEqual({ id: expect.stringMatching(/^dsig_/), dataset: DATASET });
    if (ingest) expect(await client.waitForIngest(ingest)).toBe('completed');

    expect(operations()).toEqual([
      'exchange',
      'getDatasetById',
      'getMyAcceptanceStatus',
      'upload',
      ...Array(3).fill('getDatasetIngestStatus'),
    ]);
    expect(stored()).toMatchObject({ uploads: 1, content: { size: FILE_SIZE } });
    expect(readFileSync(stored()?.content?.file ?? '').equals(readFileSync(setup.file))).toBe(true);
    expect(sent.at(-1)).toBe(FILE_SIZE);
    const upload = setup.standIn.calls.find(({ on }) => on === 'upload');
    expect(upload?.contentLength).toBeGreaterThan(FILE_SIZE);
    expect(upload?.file?.name).toBe(`${DATASET}.parquet`);
    setup.standIn.assertNoViolations();
  });

  it('uploads CSV as CSV', async () => {
    const { ingest } = await setup.upload(client, { contentType: 'text/csv' });
    if (ingest) await client.waitForIngest(ingest);
    expect(stored()?.content?.contentType).toBe('text/csv');
    expect(setup.standIn.calls.find(({ on }) => on === 'upload')?.file?.name).toBe(`${DATASET}.csv`);
    setup.standIn.assertNoViolations();
  });

  it('names the organization by its slug, or by its id: one of them', async () => {
    await client.checkDataset(DATASET);
    await setup.open({ target: { organization: setup.standIn.organization.id } }).checkDataset(DATASET);
    const exchanges = setup.standIn.calls.filter(({ on }) => on === 'exchange');
    expect(exchanges.map(({ params }) => Object.keys(params ?? {}))).toEqual([
      ['key', 'organizationSlug'],
      ['key', 'organizationId'],
    ]);
    expect(exchanges[0]?.headers).not.toHaveProperty('authorization');
    setup.standIn.assertNoViolations();
  });

  it('lets another process finish what one began', async () => {
    setup.standIn.planIngest({ polls: 1 });
    const { ingest } = await setup.upload(client);
    await client.close();
    const later = setup.open();
    const told = JSON.parse(JSON.stringify(ingest));
    expect(await later.getIngestStatus(told)).toEqual({ state: 'pending' });
    expect(await later.waitForIngest(told, { since: new Date(Date.now() - MINUTE) })).toBe('completed');
  });
});

describe('a session', () => {
  it('is renewed when less than a minute of it is left', async () => {
    let now = Date.now();
    client = setup.open({ options: { now: () => now } });
    await client.checkDataset(DATASET);
    now += 13.9 * MINUTE;
    await client.checkDataset(DATASET);
    expect(operations().filter((on) => on === 'exchange')).toHaveLength(1);
    now += 0.2 * MINUTE;
    await client.checkDataset(DATASET);
    expect(operations().filter((on) => on === 'exchange')).toHaveLength(2);
  });

  it.each<StandInOperation>(['getMyAcceptanceStatus', 'upload', 'getDatasetIngestStatus'])(
    'that is refused at %s is renewed once, and the work continues',
    async (on) => {
      setup.standIn.failNext({ on, how: { kind: 'status', status: 401 } });
      expect(await carry()).toBe('completed');
      expect(operations().filter((name) => name === 'exchange')).toHaveLength(2);
      const tries = setup.standIn.calls.filter((call) => call.on === on);
      expect(new Set(tries.map(({ headers }) => headers.authorization)).size).toBe(2);
      expect(stored()?.uploads).toBe(1);
      setup.standIn.assertNoViolations();
    },
  );

  it('that expires between upload and ingest is renewed', async () => {
    const { ingest } = await setup.upload(client);
    setup.standIn.expireSessions();
    if (ingest) expect(await client.waitForIngest(ingest)).toBe('completed');
    expect(operations().filter((name) => name === 'exchange')).toHaveLength(2);
  });

  it('that was shorter than a minute from the start is enough for a call', async () => {
    await setup[Symbol.asyncDispose]();
    setup = await setUpClient({ api: 'session', sessionLifetimeMs: 1_000 });
    client = setup.open();
    expect(await carry()).toBe('completed');
    setup.standIn.assertNoViolations();
  });

  it('that is refused twice ends with the key as the reason', async () => {
    setup.standIn.failNext({ on: 'getDatasetById', times: 2, how: { kind: 'status', status: 401 } });
    const error = await errorOf(client.checkDataset(DATASET));
    expect(error).toMatchObject({ class: 'PolyteiaRejectedError', message: expect.stringContaining('key') });
    expect(operations()).toEqual(['exchange', 'getDatasetById', 'exchange', 'getDatasetById']);
  });
});

const status = (code: number, more: Partial<FailureHow & { kind: 'status' }> = {}): FailureHow => ({
  kind: 'status',
  status: code,
  message: `refused because of ${CANARY}`,
  ...more,
});

describe('refusals say what to do', () => {
  it.each<[string, StandInOperation, FailureHow, RegExp, RegExp]>([
    [
      'a key that is wrong',
      'exchange',
      status(401),
      /does not accept the personal access key/,
      /create a new/,
    ],
    ['a key without a member', 'exchange', status(403), /in organization stadt-test/, /licensed member/],
    ['another organization', 'exchange', status(404), /no organization stadt-test/, /polyteia\.<target>/],
    ['a malformed exchange', 'exchange', status(400), /HTTP status 400/, /organization, baseUrl/],
    ['a dataset not to be seen', 'getDatasetById', status(403), /see dataset ds_/, /right to edit dataset/],
    ['an unknown dataset', 'getDatasetById', status(404), /no dataset ds_\w+ in organization/, /Copy the id/],
    ['an upload without the right', 'upload', status(403), /upload to dataset ds_/, /right to edit dataset/],
    ['an upload to nothing', 'upload', status(404), /no dataset ds_/, /Copy the id/],
    [
      'terms that changed in the meantime',
      'upload',
      status(412, { code: 'dpa.not-acknowledged' }),
      /data processing terms of .* are not acknowledged/,
      /Sign in to http.*click to acknowledge/,
    ],
    [
      'a refused file',
      'upload',
      status(422),
      /refused the file for dataset .* \(HTTP status 422\)/,
      /try polyteia\.<target>\.format: csv/,
    ],
    [
      'a page in front',
      'getDatasetById',
      status(403, { html: '<html>blocked</html>' }),
      /Something in front of Polyteia/,
      /proxy or firewall/,
    ],
    [
      'a page in front of the exchange',
      'exchange',
      status(404, { html: '<html>nginx</html>' }),
      /Something in front of Polyteia at .* refused the exchange/,
      /baseUrl/,
    ],
    ['a file that is too large', 'upload', status(413), /HTTP status 413/, /no file of this size/],
    ['an ingest without the right', 'getDatasetIngestStatus', status(403), /follow uploads/, /right to edit/],
    ['a question refused', 'getDatasetIngestStatus', status(400), /HTTP status 400/, /undefined/],
    ['a question refused as slow', 'getDatasetIngestStatus', status(408), /HTTP status 408/, /Look at/],
  ])('%s', async (_, on, how, message, hint) => {
    setup.standIn.failNext({ on, how });
    const error = await errorOf(carry());
    expect(error.class).toBe('PolyteiaRejectedError');
    expect(error.message).toMatch(message);
    expect(String(error.hint)).toMatch(hint);
    // Of /rpc before the upload, Polyteia's words would be no data; of these calls none is repeated.
    expect(printed(error)).not.toContain(CANARY);
    expect(printed(error)).not.toContain(setup.standIn.personalAccessKey);
    expect(stored()?.uploads).toBe(0);
    setup.standIn.assertNoViolations();
  });

  it('repeats what Polyteia says about a dataset, but no key', async () => {
    const message = `bad id for ${setup.standIn.personalAccessKey}\n or pak_other`;
    setup.standIn.failNext({ on: 'getDatasetById', how: { kind: 'status', status: 400, message } });
    const error = await errorOf(client.checkDataset(DATASET));
    expect(error.message).toContain('Polyteia says: bad id for *** or ***');
  });

  it('terms that are not acknowledged, before anything is sent', async () => {
    const dataset = stored();
    if (dataset) dataset.termsAcknowledged = false;
    const error = await errorOf(carry());
    expect(error.class).toBe('PolyteiaRejectedError');
    expect(error.message).toContain('solution sol_test');
    expect(operations()).not.toContain('upload');
  });

  it('a file that could not be read, without the words that quote it', async () => {
    const errorMessage = `cannot convert "${CANARY}" at row 17: ${CANARY}`;
    setup.standIn.planIngest({ outcome: 'failed', polls: 1, errorMessage });
    const error = await errorOf(carry());
    expect(error.class).toBe('PolyteiaRejectedError');
    expect(error.message).toContain('could not read it (a value that does not fit its type, row 17)');
    expect(printed(error)).not.toContain(CANARY);
  });

  it('an ingest that is lost', async () => {
    setup.standIn.planIngest({ outcome: 'lost' });
    const error = await errorOf(carry());
    expect(error).toMatchObject({
      class: 'PolyteiaRejectedError',
      message: expect.stringMatching(/no longer knows ingest dsig_/),
    });
  });

  it('an ingest that never ends', async () => {
    setup.standIn.planIngest({ outcome: 'hanging' });
    let now = Date.now();
    const sleep = async (ms: number) => {
      now += ms;
    };
    client = setup.open({
      target: { ingest: { pollInterval: '1m', timeout: '5m' } },
      options: { now: () => now, sleep },
    });
    expect(await errorOf(carry(client))).toMatchObject({
      class: 'DeadlineError',
      message: expect.stringContaining('after 5 min'),
    });
    expect(operations().filter((on) => on === 'getDatasetIngestStatus')).toHaveLength(6);
  });
});

const outages: [string, FailureHow, RegExp][] = [
  ['500', status(500), /HTTP status 500/],
  ['502 with HTML', status(502, { html: '<h1>Bad gateway</h1>' }), /HTTP status 502/],
  ['503', status(503), /HTTP status 503/],
  ['429', status(429, { headers: { 'retry-after': '7' } }), /HTTP status 429/],
  ['a reset before the body', { kind: 'reset', when: 'before' }, /closed the connection/],
  ['a reset in the middle', { kind: 'reset', when: 'middle' }, /closed the connection/],
  ['a reset after it took effect', { kind: 'reset', when: 'after', apply: true }, /closed the connection/],
  ['no answer', { kind: 'hang' }, /does not answer in time/],
  ['half an answer', { kind: 'truncated' }, /closed the connection/],
  [
    'an answer that is not JSON',
    { kind: 'notJson', body: 'ok', contentType: 'text/plain' },
    /gave an answer to the .* cannot be understood/,
  ],
  ['a web page', { kind: 'notJson' }, /Something in front .* answered the .* with a web page/],
  ['a redirect', status(302, { headers: { location: '/login' } }), /redirects to another address/],
  ['an answer of another form', { kind: 'notJson', body: '{"json":{}}' }, /cannot be understood/],
];

describe('outages may pass, and say so', () => {
  for (const on of ['exchange', 'getDatasetById', 'getMyAcceptanceStatus', 'upload'] as const) {
    it.each(outages)(`${on}: %s`, async (_, how, message) => {
      setup.standIn.failNext({ on, how });
      const error = await errorOf(carry());
      expect(error).toMatchObject({ class: 'PolyteiaUnavailableError', retryable: true });
      expect(error.message).toMatch(message);
      expect(error.retryAfterMs).toBe(how.kind === 'status' && how.status === 429 ? 7_000 : undefined);
      // Whatever had happened, the whole can be done again.
      expect(await carry()).toBe('completed');
      setup.standIn.assertNoViolations();
    });
  }

  it.each(outages)('do not end the wait for an ingest: %s', async (_, how) => {
    setup.standIn.failNext({ on: 'getDatasetIngestStatus', times: 2, how });
    expect(await carry()).toBe('completed');
    expect(stored()?.uploads).toBe(1);
    setup.standIn.assertNoViolations();
  });

  it('a redirect of the question how an upload goes is told as one', async () => {
    const how = status(302, { headers: { location: '/login' } });
    setup.standIn.failNext({ on: 'getDatasetIngestStatus', how });
    expect(await errorOf(client.getIngestStatus({ id: 'dsig_1', dataset: DATASET }))).toMatchObject({
      class: 'PolyteiaUnavailableError',
      message: expect.stringMatching(/redirects to another address/),
    });
  });

  it.each<[string, string, string, RegExp]>([
    ['an error', '{"error": "row 7"}', 'PolyteiaRejectedError', /refused the file/],
    ['an error 503', '{"error": {"code": 503}}', 'PolyteiaUnavailableError', /HTTP status 503/],
    [
      'missing terms',
      '{"error": "no", "code": "dpa.not-acknowledged"}',
      'PolyteiaRejectedError',
      /not acknowledged/,
    ],
  ])('an upload answered 200 with %s has failed', async (_, body, expected, message) => {
    const how: FailureHow = { kind: 'notJson', body, contentType: 'application/json', apply: false };
    setup.standIn.failNext({ on: 'upload', how });
    expect(await errorOf(carry())).toMatchObject({
      class: expected,
      message: expect.stringMatching(message),
    });
  });

  it('a late answer is an outage', async () => {
    setup.standIn.failNext({ on: 'upload', how: { kind: 'slow', ms: 100 } });
    expect(await carry()).toBe('completed');
  });

  it('a cancelled upload is neither', async () => {
    setup.standIn.failNext({ on: 'upload', how: { kind: 'hang' } });
    const reason = new Error('cancelled');
    const abort = new AbortController();
    const sent = setup.upload(client, { signal: abort.signal });
    await expect.poll(() => setup.standIn.calls.at(-1)?.failure).toBe('hang');
    abort.abort(reason);
    await expect(sent).rejects.toBe(reason);
  });
});

describe('checks', () => {
  const results = async () => {
    const all: string[] = [];
    for (const { check, run } of client.checks(DATASET)) {
      const found = await run().catch((error: Error) => `failed: ${error.message}`);
      all.push(`${check}: ${found}`);
    }
    return all;
  };

  it('try key, dataset, permission and terms, and upload nothing', async () => {
    expect(await results()).toEqual([
      'personal access key: accepted for organization stadt-test',
      `dataset access: ${DATASET}, of solution sol_test`,
      "upload permission: the key's user may edit the dataset",
      'data processing terms: acknowledged',
    ]);
    expect(operations()).toEqual([
      'exchange',
      'getDatasetById',
      'getDatasetIngestStatus',
      'getMyAcceptanceStatus',
    ]);
    setup.standIn.assertNoViolations();
  });

  it('name everything that is missing', async () => {
    const dataset = stored();
    if (dataset) Object.assign(dataset, { mayEdit: false, termsAcknowledged: false });
    expect((await results()).map((line) => /failed/.test(line))).toEqual([false, false, true, true]);
    setup.standIn.assertNoViolations();
  });

  it('do not take the 404 of a missing dataset for a permission', async () => {
    const permission = client.checks('ds_unknown1')[2];
    expect(await errorOf(permission?.run() ?? Promise.resolve())).toMatchObject({
      message: expect.stringContaining('no dataset ds_unknown1'),
    });
  });
});
