import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connection } from '../../support/atlan/catalog.ts';
import { expectInvalid, expectRefusal } from '../../support/atlan/refusals.ts';
import { type AtlanServer, endOf, startAtlan, startRun } from '../../support/atlan/start-atlan.ts';
import { type StsStandIn, startStsStandIn } from '../../support/atlan/sts-stand-in.ts';
import {
  KEYS,
  REGION,
  SESSION_KEYS,
  startTokenDatabase,
  type TokenDatabase,
} from '../../support/source/token-sources.ts';

// authType iam_user and iam_role, against a Postgres that checks tokens as Amazon's does, and a stand-in for STS.

const ROLE = 'arn:aws:iam::444455556666:role/reader';
const OTHER = 'arn:aws:iam::444455556666:role/writer';
const EXTERNAL_ID = 'fremde-kennung-4711';
const SUCCESS = [200, { success: true, message: 'Authentication successful' }];
const metadata = { 'include-filter': '{}', 'exclude-filter': '{}', 'temp-table-regex': '' };

let database: TokenDatabase;
let sts: StsStandIn;
let folder: string;
let atlan: AtlanServer;
beforeAll(async () => {
  [database, sts, folder] = await Promise.all([
    startTokenDatabase('postgres'),
    startStsStandIn(ROLE, SESSION_KEYS),
    mkdtemp(join(tmpdir(), 'ferry auth types ü ')),
  ]);
  vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url);
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAPROCESS');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'geheim');
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, database.certificates.authority.cert);
  atlan = await startAtlan({
    folder,
    args: [
      ...['--allow-hosts', 'localhost,127.0.0.0/8,::1', '--allow-role-arns', ROLE],
      ...['--credentials-tls', 'verify-full', '--credentials-ca', ca],
    ],
  });
}, 300_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await atlan?.stop();
  await Promise.all([database?.[Symbol.asyncDispose](), sts?.[Symbol.asyncDispose]()]);
  await rm(folder, { recursive: true, force: true });
});

const user = (changes: object = {}, extra: object = {}) => ({
  authType: 'iam_user',
  host: 'localhost',
  port: database.port,
  username: KEYS.accessKeyId,
  password: KEYS.secretAccessKey,
  region: REGION,
  extra: { username: 'ferry', database: 'postgres', ...extra },
  ...changes,
});
const role = (extra: object, changes: object = {}) => ({
  authType: 'iam_role',
  host: 'localhost',
  port: database.port,
  username: 'ferry',
  region: REGION,
  extra: { username: 'ferry', database: 'postgres', ...extra },
  ...changes,
});
const inBothForms = <Body extends { extra: object }>(body: Body) => [
  body,
  { ...body, extra: JSON.stringify(body.extra) },
];
const answerOf = async (body: unknown) => {
  const { status, body: answer } = await atlan.post('auth', body);
  return [status, answer];
};

describe('iam_user', () => {
  it('signs in as extra.username, with a token that the key pair signs', async () => {
    for (const body of inBothForms(user())) {
      expect(await answerOf(body)).toEqual(SUCCESS);
      expect(database.tokens.received.at(-1)).toMatchObject({ username: 'ferry', refused: undefined });
      expect(database.tokens.received.at(-1)?.token).toContain(KEYS.accessKeyId);
    }
  });

  it('takes the region from extra.aws_region', async () => {
    for (const body of inBothForms(user({ region: undefined }, { aws_region: REGION })))
      expect(await answerOf(body)).toEqual(SUCCESS);
  });

  it('without any region is refused, as the host does not tell it', async () => {
    expectInvalid(await atlan.post('auth', user({ region: undefined })));
  });

  it('without a user of the database is refused', async () => {
    expectInvalid(await atlan.post('auth', user({ extra: { database: 'postgres' } })), 'username');
  });

  it('runs', async () => {
    const run = await startRun(atlan, { credentials: user(), connection, metadata });
    expect(await endOf(atlan, run)).toBe('COMPLETED');
  });

  it('with another key is refused, without a word of it', async () => {
    const password = 'Falsch/kanarie+4711';
    const answer = await atlan.post('auth', user({ password }));
    expect(expectRefusal(answer, 401).data).toMatchObject({
      status: expect.stringMatching(/^(invalid_credentials|failed)$/),
    });
    for (const secret of [password, KEYS.accessKeyId, 'X-Amz-']) expect(answer.text).not.toContain(secret);
  });
});

describe('iam_role', () => {
  it.each([
    ['aws_role_arn', { aws_role_arn: ROLE }, undefined],
    ['role_arn', { role_arn: ROLE }, undefined],
    ['aws_external_id', { aws_role_arn: ROLE, aws_external_id: EXTERNAL_ID }, EXTERNAL_ID],
    ['external_id', { role_arn: ROLE, external_id: EXTERNAL_ID }, EXTERNAL_ID],
    ['an empty external_id', { role_arn: ROLE, external_id: '' }, undefined],
    ['an empty aws_external_id', { aws_role_arn: ROLE, aws_external_id: '' }, undefined],
  ])('signs in by %s', async (_what, extra, externalId) => {
    for (const body of inBothForms(role(extra))) {
      const before = sts.asked.length;
      expect(await answerOf(body)).toEqual(SUCCESS);
      const assumed = sts.asked.slice(before).filter(({ Action }) => Action === 'AssumeRole');
      expect(assumed.length).toBeGreaterThan(0);
      for (const { RoleArn, ExternalId } of assumed)
        expect([RoleArn, ExternalId]).toEqual([ROLE, externalId]);
      expect(database.tokens.received.at(-1)).toMatchObject({ username: 'ferry', refused: undefined });
    }
  });

  it('takes the region from extra.aws_region, and the user from either place', async () => {
    const aws = { role_arn: ROLE, aws_region: REGION };
    for (const body of inBothForms(role(aws, { region: undefined })))
      expect(await answerOf(body)).toEqual(SUCCESS);
    expect(await answerOf(role({ role_arn: ROLE }, { username: undefined }))).toEqual(SUCCESS);
    const { username: _, ...extra } = role({ role_arn: ROLE }).extra;
    expect(await answerOf(role({}, { extra }))).toEqual(SUCCESS);
  });

  it('reads, checks and runs', async () => {
    const credentials = role({ role_arn: ROLE, external_id: EXTERNAL_ID });
    const listed = await atlan.post('metadata', { ...credentials, type: 'all', database: '' });
    expect(listed.body).toEqual({
      success: true,
      data: [{ TABLE_CATALOG: 'postgres', TABLE_SCHEMA: 'public' }],
    });
    expect((await atlan.post('check', { credentials, metadata })).body).toMatchObject({ success: true });
    const run = await startRun(atlan, { credentials, connection, metadata });
    expect(await endOf(atlan, run)).toBe('COMPLETED');
  });

  it('that is not allowed is refused, and AWS is not asked', async () => {
    const before = sts.asked.length;
    for (const arn of [
      OTHER,
      `${ROLE}2`,
      ROLE.toUpperCase(),
      'arn:aws:iam::444455556666:role/*',
      '*',
      '',
      'reader',
    ])
      for (const body of inBothForms(role({ aws_role_arn: arn }))) {
        expectRefusal(await atlan.post('auth', body), 422);
        expectRefusal(await atlan.post('metadata', { ...body, type: 'all', database: '' }), 422);
        expectRefusal(await atlan.post('check', { credentials: body, metadata }), 422);
        expectRefusal(await atlan.post('start', { credentials: body, connection, metadata }), 422);
      }
    expectRefusal(await atlan.post('auth', role({})), 422);
    expect(sts.asked).toHaveLength(before);
  });

  it('that none is allowed of is refused, and the answer says how to allow it', async () => {
    await using strict = await startAtlan({ args: ['--allow-hosts', 'localhost,127.0.0.0/8,::1'] });
    const before = sts.asked.length;
    const answer = await strict.post('auth', role({ role_arn: ROLE }));
    expect(expectRefusal(answer, 422).details).toContain('allow-role-arns');
    expect(sts.asked).toHaveLength(before);
  });

  it.each([
    ['role_arn', 5],
    ['role_arn', [ROLE]],
    ['external_id', 5],
    ['external_id', { a: EXTERNAL_ID }],
    ['external_id', 'x'.repeat(2_000)],
    ['aws_region', 5],
    ['aws_region', '../x'],
  ])('with a wrong %s is refused: %j', async (name, value) => {
    for (const body of inBothForms(role({ role_arn: ROLE, [name]: value }, { region: undefined }))) {
      const answer = await atlan.post('auth', body);
      // By any of its names: an alias may be named by the one it stands for.
      expectInvalid(answer);
      expect(answer.text).toContain(name.split('_').at(-1) ?? '');
      expect(answer.text).not.toContain(EXTERNAL_ID);
    }
  });
});

describe('TLS with raw credentials', () => {
  it('is verified: by another authority nobody gets the token', async () => {
    await using system = await startAtlan({
      args: [
        '--allow-hosts',
        'localhost,127.0.0.0/8,::1',
        '--credentials-tls',
        'verify-full',
        '--credentials-ca',
        'system',
      ],
    });
    const before = database.tokens.received.length;
    expectRefusal(await system.post('auth', user()), 422, 502);
    expect(database.tokens.received).toHaveLength(before);
  });

  it('is needed for a token: a mode that does not verify is refused', async () => {
    await using open = await startAtlan({
      args: ['--allow-hosts', 'localhost,127.0.0.0/8,::1', '--credentials-tls', 'disable'],
    });
    const before = database.tokens.received.length;
    expectRefusal(await open.post('auth', user()), 422, 502);
    expect(database.tokens.received).toHaveLength(before);
  });

  it('fails for a name that the certificate has not', async () => {
    const before = database.tokens.received.length;
    expectRefusal(await atlan.post('auth', user({ host: '127.0.0.1' })), 422, 502);
    expect(database.tokens.received).toHaveLength(before);
  });
});
