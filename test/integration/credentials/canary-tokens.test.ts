import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { logLevels } from '../../../shared/telemetry/log-settings.ts';
import { type FakeAws, startFakeAws } from '../../support/aws/stand-ins/fake-aws.ts';
import { runFerryProcess } from '../../support/cli/ferry-command.ts';
import { makeCertificates } from '../../support/network/certificates.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import {
  KEYS,
  SESSION_KEYS,
  startTokenDatabase,
  type TokenDatabase,
} from '../../support/source/token-sources.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';
import { startCollector } from '../../support/telemetry/collector-stand-in.ts';

// Nothing that a token is made of, and no token, is on the screen, in the log, in a record, in what stays on the disk, or in what a
// collector is sent, whatever goes wrong.

const EXTERNAL_ID = 'fremde-kennung-4711';
const ROLE = 'arn:aws:iam::444455556666:role/reader';
const WRONG_REGION = 'eu-west-1';

const iam = { type: 'iam', resourceId: 'db-ABCDEFGHIJKL01234' };
const iamUser = { type: 'iam-user', secret: 'keys' };
const iamRole = { type: 'iam-role', roleArn: ROLE, externalId: EXTERNAL_ID };
const answers = {
  role: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${SESSION_KEYS.accessKeyId}</AccessKeyId><SecretAccessKey>${SESSION_KEYS.secretAccessKey}</SecretAccessKey><SessionToken>${SESSION_KEYS.sessionToken}</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  // AWS repeats what it was sent in some of its messages.
  refusal: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no ${EXTERNAL_ID} ${KEYS.accessKeyId}</Message></Error></ErrorResponse>`,
};

/** Keys that no database knows. */
const UNKNOWN = { ...KEYS, accessKeyId: 'AKIAGeheim' };

let databases: Record<'postgres' | 'mysql', TokenDatabase>;
let polyteia: PolyteiaStandIn;
let aws: FakeAws;
let collector: Awaited<ReturnType<typeof startCollector>>;
let folder: string;
beforeAll(async () => {
  const [postgres, mysql] = await Promise.all([startTokenDatabase('postgres'), startTokenDatabase('mysql')]);
  databases = { postgres, mysql };
  [polyteia, aws, collector] = await Promise.all([
    startPolyteiaStandIn({ datasets: [DATASET] }),
    startFakeAws(),
    startCollector(),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'ferry canary tokens ü '));
  const stranger = await makeCertificates({});
  await writeFile(join(folder, 'stranger.pem'), stranger.authority.cert);
  for (const { type, certificates } of [postgres, mysql])
    await writeFile(join(folder, `${type}.pem`), certificates.authority.cert);
}, 300_000);
afterAll(async () => {
  await Promise.all([
    ...Object.values(databases).map((database) => database[Symbol.asyncDispose]()),
    polyteia.stop(),
    aws[Symbol.asyncDispose](),
    collector[Symbol.asyncDispose](),
  ]);
  await rm(folder, { recursive: true, force: true });
});

function expectNothingSecret(text: string): void {
  const secrets = [KEYS, SESSION_KEYS].flatMap((keys) => Object.values(keys));
  for (const secret of [...secrets, EXTERNAL_ID, polyteia.personalAccessKey]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(encodeURIComponent(secret));
    expect(text).not.toContain(JSON.stringify(secret).slice(1, -1));
  }
  for (const { token } of Object.values(databases).flatMap(({ tokens }) => tokens.received))
    expect(text).not.toContain(token.slice(-64));
  // The ends of keys that were cut off.
  expect(text).not.toMatch(/X-Amz-|Signature=|FERRYKEY|Geheim|Sitzung|FwoGZX/);
}

/** Runs `ferry` with one source, and collects everything that it left. */
async function ferry(
  command: readonly string[],
  type: keyof typeof databases,
  auth: Record<string, unknown>,
  options: { ca?: string; keys?: typeof KEYS; refuseRole?: boolean } = {},
) {
  const { ca = `${type}.pem`, keys = KEYS } = options;
  aws.intercept = ({ body }) => {
    const refuses = options.refuseRole || !body.includes('AssumeRole');
    return refuses ? { status: 403, body: answers.refusal } : { status: 200, body: answers.role };
  };
  // Of Postgres alone are catalogs read.
  const extractions = type === 'postgres' ? { catalogs: { sources: ['erp'], databases: 'all' } } : {};
  const config = {
    version: 1,
    sources: { erp: databases[type].fields(auth, ca) },
    extractions,
    polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
    syncs: { orders: { source: 'erp', query: 'SELECT 42 AS n', dataset: DATASET, whenUnchanged: 'upload' } },
  };
  await writeFile(join(folder, 'ferry.yaml'), stringify(config));
  const secrets = { keys, polyteia: polyteia.personalAccessKey };
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
  const temporary = await mkdtemp(join(folder, 'tmp-'));
  const state = await mkdtemp(join(folder, 'state-'));
  const result = await runFerryProcess(
    [...command, '--secrets', 'secrets.json', '--state', state, '--log-level', logLevels[0]],
    {
      folder,
      environment: {
        TMPDIR: temporary,
        AWS_ENDPOINT_URL: aws.url,
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_MAX_ATTEMPTS: '1',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      },
    },
  );
  expect(await readdir(temporary, { recursive: true })).toEqual([]);
  const kept = await readdir(state, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    kept.map((entry) => (entry.isFile() ? readFile(join(entry.parentPath, entry.name), 'utf8') : '')),
  );
  if (command[0] === 'run' && result.exitCode !== 2) expect(collector.paths()).toContain('/v1/traces');
  const sent = collector.text();
  collector.delivered.splice(0);
  return { ...result, everything: [result.stdout, result.stderr, ...texts, sent].join('\n') };
}

describe.each(['postgres', 'mysql'] as const)(
  'a run on %s with tokens, with the most detailed log',
  (type) => {
    const run = ['run', 'orders', '--json'];

    it.each([
      ['iam', iam],
      ['iam-user', iamUser],
      ['iam-role', iamRole],
    ])('%s succeeds', async (_kind, auth) => {
      const before = databases[type].tokens.received.length;
      const { exitCode, stdout, everything } = await ferry(run, type, auth);
      expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', rows: 1 });
      expect(exitCode).toBe(0);
      // On MySQL: to attach, to look at the server, to describe the query (two) and to read it.
      expect(databases[type].tokens.received).toHaveLength(before + (type === 'mysql' ? 5 : 1));
      expectNothingSecret(everything);
    });

    it.each<[string, Record<string, unknown>, Parameters<typeof ferry>[3], string]>([
      ['a token that is refused', { ...iam, region: WRONG_REGION }, {}, 'AuthError'],
      ['a token of a role that is refused', { ...iamRole, region: WRONG_REGION }, {}, 'AuthError'],
      ['a key that is not known', iamUser, { keys: UNKNOWN }, 'AuthError'],
      [
        'a key of a session without its token',
        iamUser,
        { keys: { ...KEYS, accessKeyId: 'ASIAGeheim' } },
        'ConfigError',
      ],
      ['a role that may not be assumed', iamRole, { refuseRole: true }, 'AccessError'],
      ['a stranger', iam, { ca: 'stranger.pem' }, 'ConfigError'],
    ])('%s fails', async (_what, auth, options, name) => {
      const { stdout, everything } = await ferry(run, type, auth, options);
      expect(JSON.parse(stdout)).toMatchObject({ state: 'failed', error: { class: name } });
      expectNothingSecret(everything);
    });

    it.each([
      ['check', ['check', '--json'], iam, 0],
      ['check of a role', ['check', '--json'], iamRole, 0],
      ['check of a token that is refused', ['check'], { ...iamUser, region: WRONG_REGION }, 1],
      ['preview', ['preview', 'orders', '--json'], iamUser, 0],
    ])('ferry %s', async (_what, command, auth, expected) => {
      const { exitCode, everything } = await ferry(command, type, auth);
      expect({ exitCode, everything }).toMatchObject({ exitCode: expected });
      expectNothingSecret(everything);
    });
  },
);

describe('the catalogs of a Postgres with tokens, with the most detailed log', () => {
  const run = ['run', 'catalogs', '--json'];
  // The list of databases, then `crm` and `postgres`.
  const CONNECTIONS = 3;
  beforeAll(() => databases.postgres.query('CREATE DATABASE crm'));

  const kinds: [string, Record<string, unknown>][] = [
    ['iam', iam],
    ['iam-user', iamUser],
    ['iam-role', iamRole],
  ];
  it.each(kinds)('an extraction by %s succeeds', async (_kind, auth) => {
    const before = databases.postgres.tokens.received.length;
    const { exitCode, stdout, everything } = await ferry(run, 'postgres', auth);
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'succeeded',
      databases: [{ database: 'crm' }, { database: 'postgres' }],
    });
    expect(exitCode).toBe(0);
    expect(databases.postgres.tokens.received).toHaveLength(before + CONNECTIONS);
    // It has looked into the output as well.
    expect(everything).toContain('"typeName":"Database"');
    expectNothingSecret(everything);
  });

  it.each(kinds)('ferry tree by %s', async (_kind, auth) => {
    const { exitCode, stdout, everything } = await ferry(['tree', 'erp', '--json'], 'postgres', auth);
    expect(JSON.parse(stdout).databases).toMatchObject([{ name: 'crm' }, { name: 'postgres' }]);
    expect(exitCode).toBe(0);
    expectNothingSecret(everything);
  });

  const failures: [string, Record<string, unknown>, Parameters<typeof ferry>[3], string][] = [
    ['a token that is refused', { ...iam, region: WRONG_REGION }, {}, 'AuthError'],
    ['a key that is not known', iamUser, { keys: UNKNOWN }, 'AuthError'],
    ['a role that may not be assumed', iamRole, { refuseRole: true }, 'AccessError'],
    ['a stranger', iam, { ca: 'stranger.pem' }, 'ConfigError'],
  ];
  it.each(failures)('an extraction by %s fails', async (_what, auth, options, name) => {
    const { stdout, everything } = await ferry(run, 'postgres', auth, options);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'failed', error: { class: name } });
    expectNothingSecret(everything);
  });

  it.each(failures)('ferry tree by %s fails', async (_what, auth, options, name) => {
    const { exitCode, stderr, everything } = await ferry(['tree', 'erp'], 'postgres', auth, options);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(`${name}: `);
    expectNothingSecret(everything);
  });
});
