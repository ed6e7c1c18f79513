import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3Client } from '../../../../cli/local/open-state.ts';
import { createS3OutputStore } from '../../../../shared/extraction/output/s3-output-store.ts';
import { createS3DocumentStore } from '../../../../shared/runs/documents/s3-document-store.ts';
import {
  type Answer,
  type AnsweringS3,
  s3Error,
  startAnsweringS3,
} from '../../../support/aws/stand-ins/answering-s3.ts';
import { withEnvironment } from '../../../support/processes/process-environment.ts';

let s3: AnsweringS3;
let folder: string;
let path: string;
beforeAll(async () => {
  s3 = await startAnsweringS3();
  folder = await mkdtemp(join(tmpdir(), 'ferry s3 answers ü '));
  path = join(folder, 'file');
  await writeFile(path, 'more than one part');
});
afterAll(async () => {
  await s3?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const documents = (partBytes?: number) =>
  createS3DocumentStore({ client: s3.client, bucket: 'city', ...(partBytes ? { partBytes } : {}) });
const output = (partBytes?: number) =>
  createS3OutputStore({ client: s3.client, bucket: 'city', base: '', ...(partBytes ? { partBytes } : {}) });

/** Everything that Ferry asks S3 for. */
const requests: Record<string, () => Promise<unknown>> = {
  'documents: put': () => documents().put('k', '{}'),
  'documents: get': () => documents().get('k'),
  'documents: list': () => documents().list('k/', 10),
  'documents: listWithAges': () => documents().listWithAges('k/', 10),
  'documents: remove': () => documents().remove('k'),
  'documents: putFile': () => documents().putFile('k', path),
  'documents: putFile in parts': () => documents(5).putFile('k', path),
  'documents: getFile': () => documents().getFile('k', join(folder, 'back')),
  'documents: read': () => documents().read('k'),
  'documents: replace': () => documents().replace('k', '{}', '"seen"'),
  'documents: replace nothing': () => documents().replace('k', '{}', undefined),
  'output: put': () => output().put('k', '{}'),
  'output: read': () => output().read('k'),
  'output: replace': () => output().replace('k', '{}', '"seen"'),
  'output: putFile': () => output().putFile('k', path),
  'output: putFile in parts': () => output(5).putFile('k', path),
  'output: removeFolder': () => output().removeFolder('k/'),
};

const denied = (words: string) =>
  s3Error(403, 'AccessDenied', `User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ${words}`);
const page = (status: number): Answer => ({
  status,
  body: '<html><head><title>Sign in</title></head></html>',
  headers: { 'content-type': 'text/html' },
});

// `passes`: worth another try. Of an extraction's own bucket everything else is a ConfigError.
const answers: [what: string, answer: Answer, passes: boolean, message: RegExp, hint: RegExp][] = [
  ['SlowDown', s3Error(503, 'SlowDown'), true, /is overloaded.* \(SlowDown\)/, /S3 was reached/],
  ['503 without words', { status: 503 }, true, /is overloaded.* \(HTTP status 503\)/, /S3 was reached/],
  ['429', s3Error(429, 'TooManyRequests'), true, /is overloaded/, /S3 was reached/],
  ['KMS too often', s3Error(400, 'KMS.ThrottlingException'), true, /is overloaded/, /fewer jobs/],
  ['InternalError', s3Error(500, 'InternalError'), true, /a fault of its own \(InternalError\)/, /passes/],
  ['502 of a proxy', page(502), true, /a fault of its own \(HTTP status 502\)/, /passes/],
  ['RequestTimeout', s3Error(400, 'RequestTimeout'), true, /broke off a request/, /S3 was reached/],
  ['a full store', s3Error(507, 'XMinioStorageFull'), true, /has no space left/, /Free space/],
  ['NoSuchBucket', s3Error(404, 'NoSuchBucket'), false, /^There is no bucket city\.$/, /Check/],
  ['AccessDenied', s3Error(403, 'AccessDenied'), false, /^s3:\w+ was denied on s3:\/\/city\/k/, /policy/],
  [
    'AccessDenied by a key',
    denied('kms:Decrypt on resource: arn:aws:kms:x because no resource-based policy allows it'),
    false,
    /^kms:Decrypt was denied/,
    /AWS names the resource-based policy\./,
  ],
  [
    'AccessDenied by an endpoint',
    denied('s3:GetObject on resource: arn:aws:s3:::x with an explicit deny in a VPC endpoint policy'),
    false,
    /^s3:GetObject was denied/,
    /AWS names the vpc endpoint policy\./,
  ],
  [
    'PermanentRedirect',
    s3Error(301, 'PermanentRedirect', 'm', '<Endpoint>city.s3.eu-west-1.amazonaws.com</Endpoint>'),
    false,
    /is in another region \(eu-west-1\)/,
    /AWS_REGION/,
  ],
  [
    'a redirect without words',
    { status: 301, headers: { 'x-amz-bucket-region': 'us-gov-west-1' } },
    false,
    /is in another region \(us-gov-west-1\)/,
    /AWS_REGION/,
  ],
  [
    'AuthorizationHeaderMalformed',
    s3Error(400, 'AuthorizationHeaderMalformed', 'm', '<Region>eu-west-1</Region>'),
    false,
    /is in another region \(eu-west-1\)/,
    /AWS_REGION/,
  ],
  ...['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken'].map(
    (code): (typeof answers)[number] => [
      code,
      s3Error(code === 'ExpiredToken' ? 400 : 403, code),
      false,
      new RegExp(`does not accept the credentials .* \\(${code}\\)`),
      /credentials/,
    ],
  ),
  ['a wrong clock', s3Error(403, 'RequestTimeTooSkewed'), false, /the clock of this machine/, /NTP/],
  ['AllAccessDisabled', s3Error(403, 'AllAccessDisabled'), false, /AWS has disabled access/, /Support/],
  ['a disabled key', s3Error(400, 'KMS.DisabledException'), false, /KMS key .* cannot be used/, /enabled/],
  ['a key that goes', s3Error(400, 'KMS.KMSInvalidStateException'), false, /KMS key/, /enabled/],
  ['KMS itself fails', s3Error(400, 'KMS.KMSInternalException'), true, /a fault of its own/, /passes/],
  ['an archived object', s3Error(403, 'InvalidObjectState'), false, /is archived/, /Restore/],
  ['another refusal', s3Error(501, 'NotImplemented'), false, /refused a request .*NotImplemented/, /similar/],
  ['a page, and success', page(200), true, /something else answered instead of S3/, /AWS_ENDPOINT_URL/],
  ['words, and success', { status: 200, body: 'hello' }, true, /something else answered/, /proxy/],
  ['nothing, and success', { status: 200 }, true, /something else answered/, /proxy/],
  [
    'another service',
    { status: 200, body: '{"ok":true}', headers: { 'content-type': 'application/json' } },
    true,
    /something else answered/,
    /proxy/,
  ],
  ['half a list', { status: 200, body: '<ListBucketResult><IsTrunc' }, true, /something else answered/, /./],
  ['404 of something else', page(404), true, /something else answered .*\(HTTP status 404\)/, /proxy/],
  ['403 of a proxy', page(403), true, /something else answered .*\(HTTP status 403\)/, /proxy/],
  ['a proxy that wants a login', page(407), true, /something else answered .*407/, /proxy/],
  ['a redirect to a portal', { status: 302, headers: { location: '/' } }, true, /something else/, /proxy/],
];

describe('every request explains', () => {
  it.each(answers)('%s', async (_what, answer, passes, message, hint) => {
    s3.answer = answer;
    for (const [name, ask] of Object.entries(requests)) {
      const error = await ask().then(
        (taken) => expect.fail(`${name}: taken for ${JSON.stringify(taken)}`),
        (thrown: unknown) => thrown as { class: string; message: string; hint: string },
      );
      expect(error.message, name).toMatch(message);
      expect(error.hint, name).toMatch(hint);
      // What AWS says holds account ids and role names.
      expect(`${error.message} ${error.hint}`, name).not.toMatch(/arn:|VPC needs a route/);
      const own = name.startsWith('documents');
      expect(error.class, name).toBe(own || passes ? 'StorageUnavailableError' : 'ConfigError');
    }
  });
});

it('a page that looks like an object is not a document', async () => {
  const headers = { etag: '"page"', 'last-modified': new Date().toUTCString() };
  s3.answer = { ...page(200), headers: { ...page(200).headers, ...headers } };
  for (const name of ['documents: get', 'documents: getFile', 'documents: read', 'output: read'])
    await expect(requests[name]?.(), name).rejects.toThrow(/something else answered/);
});

it('an unreachable S3 may mean that there is no route', async () => {
  await using gone = await startAnsweringS3();
  await gone[Symbol.asyncDispose]();
  const store = createS3DocumentStore({ client: gone.client, bucket: 'city' });
  await expect(store.get('k')).rejects.toMatchObject({
    message: "Ferry's bucket city cannot be reached (ECONNREFUSED).",
    hint: expect.stringContaining('VPC needs a route'),
  });
});

it('a store of one’s own is named by its address, without a login in it', async () => {
  await using own = await startAnsweringS3();
  own.answer = s3Error(404, 'NoSuchBucket');
  const endpoint = await own.client.config.endpoint?.();
  const { hostname, port = 0 } = endpoint ?? { hostname: '' };
  const environment = {
    FERRY_S3_ENDPOINT: `http://user:geheim@${hostname}:${port}`,
    FERRY_S3_PATH_STYLE: 'true',
  };
  const client = await withEnvironment({ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }, async () => {
    const made = await createS3Client({ environment });
    await made.config.credentials();
    return made;
  });
  const store = createS3DocumentStore({ client, bucket: 'city' });
  await expect(store.get('k')).rejects.toThrow(
    `There is no bucket city, asked at http://${hostname}:${port}.`,
  );
  client.destroy();
});

it('names a region that is missing, which no answer of S3 can', async () => {
  const unset = { AWS_REGION: undefined, AWS_PROFILE: undefined, AWS_CONFIG_FILE: join(folder, 'none') };
  await withEnvironment({ ...unset, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }, async () => {
    const client = await createS3Client({ environment: {} });
    await expect(createS3DocumentStore({ client, bucket: 'city' }).get('k')).rejects.toMatchObject({
      message: "Ferry's bucket city cannot be reached: the AWS region is missing.",
      hint: 'Set AWS_REGION, or a profile that names a region (AWS_PROFILE).',
    });
    client.destroy();
  });
});
