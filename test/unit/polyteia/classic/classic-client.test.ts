import { truncate } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PolyteiaClient } from '../../../../shared/polyteia/polyteia-client.ts';
import { verifyUpload } from '../../../../shared/polyteia/verify-upload.ts';
import {
  type ClientSetup,
  DATASET,
  errorOf,
  FILE_SIZE,
  setUpClient,
} from '../../../support/polyteia/polyteia-client.ts';
import type { FailureHow, StandInOperation } from '../../../support/polyteia/stand-in/types.ts';

const PARQUET = 'application/vnd.apache.parquet';

let setup: ClientSetup;
let client: PolyteiaClient;
beforeEach(async () => {
  setup = await setUpClient({ api: 'classic' });
  client = setup.open();
});
afterEach(() => setup[Symbol.asyncDispose]());

const operations = () => setup.standIn.calls.map(({ on }) => on);
const stored = () => setup.standIn.datasets.get(DATASET);

describe('the classic API', () => {
  it('considers an upload done when it is answered', async () => {
    expect(await client.checkDataset(DATASET)).toEqual({});
    expect(await setup.upload(client)).toEqual({});
    expect(stored()).toMatchObject({ uploads: 1, content: { size: FILE_SIZE, contentType: PARQUET } });
    expect(await client.checkDataset(DATASET)).toEqual({
      content: { size: FILE_SIZE, contentType: PARQUET, uploadedAt: expect.stringMatching(/^20/) },
    });
    setup.standIn.assertNoViolations();
  });

  it('requests another token when one expired too early, once', async () => {
    await setup[Symbol.asyncDispose]();
    setup = await setUpClient({ api: 'classic', tokenLifetimeMs: -1 });
    client = setup.open();
    const error = await errorOf(setup.upload(client));
    expect(error).toMatchObject({
      class: 'PolyteiaRejectedError',
      message: expect.stringContaining('HTTP status 401'),
    });
    expect(operations()).toEqual([
      'generate_dataset_upload_token',
      'upload',
      'generate_dataset_upload_token',
      'upload',
    ]);
    setup.standIn.assertNoViolations();
  });

  it('cannot be asked about an ingest of the other one', async () => {
    expect(await errorOf(client.waitForIngest({ id: 'dsig_1', dataset: DATASET }))).toMatchObject({
      class: 'ConfigError',
    });
  });

  it('checks dataset and permission without an upload', async () => {
    const found = await Promise.all(client.checks(DATASET).map(({ run }) => run()));
    expect(found).toEqual([`${DATASET}, empty`, 'an upload would be accepted']);
    expect(operations()).not.toContain('upload');
    setup.standIn.assertNoViolations();
  });

  it('continues with a key that may upload but not read', async () => {
    const how: FailureHow = { kind: 'errorEnvelope', code: 403, message: 'no' };
    setup.standIn.failNext({ on: 'get_dataset', times: 2, how });
    expect(await client.checkDataset(DATASET)).toEqual({});
    expect(await client.checks(DATASET)[0]?.run()).toContain('may not read it');
  });
});

// Every way in which every call can fail is in test/integration/faults.
describe('outages may pass, and say so', () => {
  it.each([500, 503, 429])('a business error %d', async (code) => {
    setup.standIn.failNext({ on: 'get_dataset', how: { kind: 'errorEnvelope', code, message: 'oops' } });
    expect(await errorOf(client.checkDataset(DATASET))).toMatchObject({ class: 'PolyteiaUnavailableError' });
  });
});

it('Polyteia’s words appear on one line that does nothing to a terminal', async () => {
  const message = 'no\u001b[2J\u009b31m \u202eright\nConfigError: forged';
  setup.standIn.failNext({ on: 'get_dataset', how: { kind: 'errorEnvelope', code: 404, message } });
  const error = await errorOf(client.checkDataset(DATASET));
  expect(error.message).toMatch(/Polyteia says: no\\u001b\[2J\\u009b31m \\u202eright ConfigError: forged$/);
});

describe('an upload that is answered with 200', () => {
  const JSON_TYPE = 'application/json';
  const answered = (body: string, contentType = JSON_TYPE): FailureHow => ({
    kind: 'notJson',
    body,
    contentType,
    apply: false,
  });

  it.each<[string, FailureHow, string, RegExp]>([
    ['an error', answered('{"error": "row 7: Geheim"}'), 'PolyteiaRejectedError', /contains an error/],
    [
      'an error object',
      answered('{"error": {"message": "Geheim"}}'),
      'PolyteiaRejectedError',
      /contains an error/,
    ],
    [
      'an error and a BOM',
      answered('\uFEFF{"error": "no"}', 'text/plain'),
      'PolyteiaRejectedError',
      /contains an error/,
    ],
    [
      'an error that is HTML by its header',
      answered('{"error": true}', 'text/html'),
      'PolyteiaRejectedError',
      /contains an error/,
    ],
    ['an error 403', answered('{"error": {"code": 403}}'), 'PolyteiaRejectedError', /HTTP status 403/],
    [
      'an error 413 next to',
      answered('{"error": "too big", "code": 413}'),
      'PolyteiaRejectedError',
      /HTTP status 413/,
    ],
    ['an error 503', answered('{"error": {"code": 503}}'), 'PolyteiaUnavailableError', /HTTP status 503/],
    [
      'HTML',
      answered('<p>Bitte anmelden</p>', 'text/html; charset=utf-8'),
      'PolyteiaUnavailableError',
      /a web page/,
    ],
    ['an error in a list', answered('[{"error": "no"}]'), 'PolyteiaRejectedError', /contains an error/],
    [
      'an error that is too long to read whole',
      answered(`{"error": "${'x'.repeat(300_000)}"}`),
      'PolyteiaRejectedError',
      /contains an error/,
    ],
    [
      'an error on the second of two lines',
      answered('{"status": 1}\n{"error": "no"}'),
      'PolyteiaRejectedError',
      /contains an error/,
    ],
    [
      'HTML behind a comment',
      answered('<?xml version="1.0"?><!-- x --><html>', 'text/plain'),
      'PolyteiaUnavailableError',
      /a web page/,
    ],
    ['XHTML', answered('<p/>', 'application/xhtml+xml'), 'PolyteiaUnavailableError', /a web page/],
    [
      'HTML as text',
      answered('\n<!DOCTYPE html><html>', 'text/plain'),
      'PolyteiaUnavailableError',
      /a web page/,
    ],
  ])('and contains %s has failed', async (_, how, expected, message) => {
    setup.standIn.failNext({ on: 'upload', how });
    const error = await errorOf(setup.upload(client));
    expect(error).toMatchObject({ class: expected, message: expect.stringMatching(message) });
    expect(`${error.message} ${error.hint}`).not.toContain('Geheim');
    expect(stored()?.uploads).toBe(0);
  });

  it.each([
    '',
    'ok',
    'error',
    '{}',
    '{"error": null}',
    '{"error": false}',
    '{"error": {}, "id": "u1"}',
    '{"error": []}',
    '{"error": 0}',
    '[{"error": null}, {"error": {}}]',
    '["error"]',
    '"error"',
    '<ok/>',
    '{"data": {}}',
  ])('and any other body, such as %j, has succeeded', async (body) => {
    setup.standIn.failNext({ on: 'upload', how: answered(body, 'text/plain') });
    expect(await setup.upload(client)).toEqual({});
  });

  it.each(['401', '"401"'])('and contains an error %s is tried with another token', async (code) => {
    setup.standIn.failNext({ on: 'upload', how: answered(`{"error": {"code": ${code}}}`) });
    expect(await setup.upload(client)).toEqual({});
    expect(stored()?.uploads).toBe(1);
  });
});

it('an upload that is answered with 200 before the file has been sent has failed', async () => {
  // More than the machine's sockets hold.
  await truncate(setup.file, 30_000_000);
  setup.standIn.failNext({ on: 'upload', how: { kind: 'status', status: 200, message: 'ok', early: true } });
  const error = await errorOf(setup.upload(client));
  expect(error).toMatchObject({
    class: 'PolyteiaUnavailableError',
    message: expect.stringMatching(/before the whole file had been sent/),
  });
  expect(stored()?.uploads).toBe(0);
});

it.each([302, 307, 308])('a redirect (%d) is told as one', async (status) => {
  setup.standIn.failNext({ on: 'upload', how: { kind: 'status', status, headers: { location: '/login' } } });
  expect(await errorOf(setup.upload(client))).toMatchObject({
    class: 'PolyteiaUnavailableError',
    message: expect.stringMatching(/redirects/),
    hint: expect.stringMatching(/baseUrl/),
  });
});

it('an envelope that says that there is no error is an answer, and one without a message an error', async () => {
  const answer = (body: object): FailureHow => ({ kind: 'notJson', body: JSON.stringify(body) });
  setup.standIn.failNext({ on: 'get_dataset', how: answer({ data: { id: DATASET }, error: null }) });
  expect(await client.checkDataset(DATASET)).toEqual({ content: undefined });
  for (const code of [404, '404']) {
    setup.standIn.failNext({
      on: 'get_dataset',
      how: answer({ data: null, error: { code, message: null } }),
    });
    expect(await errorOf(client.checkDataset(DATASET))).toMatchObject({
      message: expect.stringMatching(/^Polyteia has no da/),
    });
  }
});

it('a web page instead of an answer is told as one', async () => {
  setup.standIn.failNext({ on: 'get_dataset', how: { kind: 'notJson' } });
  expect(await errorOf(client.checkDataset(DATASET))).toMatchObject({
    class: 'PolyteiaUnavailableError',
    message: expect.stringMatching(/Something in front of .* answered get_dataset with a web page/),
    hint: expect.stringMatching(/baseUrl/),
  });
});

it.each<[string, StandInOperation, FailureHow, RegExp, RegExp]>([
  [
    'a call by something in front',
    'get_dataset',
    { kind: 'status', status: 403, html: '<html>blocked</html>' },
    /Something in front of Polyteia at .* refused the call get_dataset \(HTTP status 403\)/,
    /proxy or firewall/,
  ],
  [
    'a call that is not about the file',
    'get_dataset',
    { kind: 'errorEnvelope', code: 400, message: 'no such id' },
    /\(error 400\)\. Polyteia says: no such id/,
    /^undefined$/,
  ],
  [
    'a call that names the format',
    'generate_dataset_upload_token',
    { kind: 'errorEnvelope', code: 400, message: 'no such type' },
    /\(error 400\)/,
    /format: csv/,
  ],
  [
    'a file in JSON that is called a web page',
    'upload',
    { kind: 'notJson', body: '{"error":{"code":415}}', contentType: 'text/html' },
    /^Polyteia refused .* \(HTTP status 415\)/,
    /format: csv/,
  ],
  [
    'a file as too large',
    'upload',
    { kind: 'status', status: 413 },
    /^Polyteia refused .* \(HTTP status 413\)/,
    /no file of this size/,
  ],
  [
    'a file as too large, by something in front',
    'upload',
    { kind: 'status', status: 413, html: '<html>nginx</html>' },
    /Something in front of Polyteia at .* refused the file .* \(HTTP status 413\)/,
    /no file of this size/,
  ],
])('a refusal of %s says what to do', async (_, on, how, message, hint) => {
  setup.standIn.failNext({ on, how });
  const work = on === 'get_dataset' ? client.checkDataset(DATASET) : setup.upload(client);
  const error = await errorOf(work);
  expect(error).toMatchObject({
    class: 'PolyteiaRejectedError',
    message: expect.stringMatching(message),
  });
  expect(String(error.hint)).toMatch(hint);
});

describe('an answer that trickles in', () => {
  it.each(['get_dataset', 'upload'] as const)('(%s) has an overall limit', async (on) => {
    // Each byte comes in time.
    setup.standIn.failNext({ on, how: { kind: 'drip', everyMs: 100 } });
    client = setup.open({ options: { answerLimitMs: 300 } });
    const work = on === 'upload' ? setup.upload(client) : client.checkDataset(DATASET);
    expect(await errorOf(work)).toMatchObject({
      class: 'PolyteiaUnavailableError',
      message: expect.stringContaining('its answer is too slow'),
    });
  });

  it('counts from the end of the request', async () => {
    client = setup.open({ options: { answerLimitMs: 300 } });
    const beforeSending = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
    };
    expect(await setup.upload(client, { beforeSending })).toEqual({});
  });
});

describe('verifyUpload', () => {
  const accepted = { dataset: DATASET, bytes: FILE_SIZE, contentType: PARQUET };
  const sleep = async () => {};

  async function verify(mode: 'off' | 'warn' | 'strict', changes: object = {}) {
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    await verifyUpload(client, { ...accepted, ...changes }, { mode, warn, sleep });
    return warnings;
  }

  it('accepts an upload that the dataset shows', async () => {
    const { content: before } = await client.checkDataset(DATASET);
    await setup.upload(client);
    expect(await verify('strict', { before })).toEqual([]);
    expect(operations().slice(-1)).toEqual(['get_dataset']);
  });

  it('asks nothing when it is off', async () => {
    expect(await verify('off')).toEqual([]);
    expect(operations()).toEqual([]);
  });

  it('waits a little for a dataset that shows it late', async () => {
    let waits = 0;
    const late = async () => {
      waits += 1;
      if (waits === 2) await setup.upload(client);
    };
    await verifyUpload(client, accepted, { mode: 'strict', warn: () => {}, sleep: late });
    expect(waits).toBe(2);
  });

  it('warns about differences, or refuses them: size, type, time', async () => {
    await setup.upload(client);
    const { content: before } = await client.checkDataset(DATASET);
    const changes = { bytes: 1, contentType: 'text/csv; charset=utf-8', before };
    const expected = `${FILE_SIZE} bytes instead of 1; another content type than text/csv; charset=utf-8; still the upload of ${before?.uploadedAt}.`;
    expect(await verify('warn', changes)).toEqual([expect.stringContaining(expected)]);
    expect(await errorOf(verify('strict', changes))).toMatchObject({
      class: 'PolyteiaRejectedError',
      message: expect.stringContaining(expected),
      hint: expect.stringContaining('verify: warn'),
    });
  });

  it('treats a dataset that shows nothing as an error in strict mode only', async () => {
    expect(await verify('warn')).toEqual([expect.stringContaining('shows no upload at all')]);
    expect(await errorOf(verify('strict'))).toMatchObject({ class: 'PolyteiaRejectedError' });
  });

  it('treats a failure to ask as an error in strict mode only', async () => {
    // Three questions each.
    setup.standIn.failNext({ on: 'get_dataset', times: 6, how: { kind: 'status', status: 503 } });
    expect(await verify('warn')).toEqual([expect.stringContaining('could not be verified')]);
    expect(await errorOf(verify('strict'))).toMatchObject({ class: 'PolyteiaUnavailableError' });
  });

  it('leaves the session API to its ingests', async () => {
    await using other = await setUpClient({ api: 'session' });
    const warn = () => expect.fail('nothing to warn of');
    await verifyUpload(other.open(), accepted, { mode: 'strict', warn, sleep });
    expect(other.standIn.calls).toEqual([]);
  });
});
