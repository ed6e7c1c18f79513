import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connection } from '../../support/atlan/catalog.ts';
import { expectRefusal } from '../../support/atlan/refusals.ts';
import {
  type Answer,
  type AtlanServer,
  endOf,
  type StartedRun,
  startAtlan,
} from '../../support/atlan/start-atlan.ts';
import { freePort } from '../../support/processes/bound-process.ts';

// Somebody who may ask, and wants to know what else there is in the network.

const BANNER = 'SSH-2.0-OpenSSH_Kanarienvogel';
const metadata = { 'include-filter': '{}', 'exclude-filter': '{}', 'temp-table-regex': '' };

/** A server that says who it is, and counts who comes. */
async function startBanner() {
  const banner = {
    port: 0,
    visits: 0,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
  const server = createServer((socket) => {
    banner.visits += 1;
    socket.on('error', () => {});
    socket.end(`${BANNER}\r\n`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  banner.port = (server.address() as AddressInfo).port;
  return banner;
}

/** Where nobody may come. */
let forbidden: Awaited<ReturnType<typeof startBanner>>;
let closed: number;
beforeAll(async () => {
  forbidden = await startBanner();
  closed = await freePort();
});
afterAll(() => forbidden?.[Symbol.asyncDispose]());

const credentialsFor = (host: unknown, port: number, more: object = {}) => ({
  host,
  port,
  username: 'reader',
  password: 'geheim',
  extra: { database: 'postgres' },
  ...more,
});

/** Asks each route that takes credentials. */
async function askAll(atlan: AtlanServer, credentials: object): Promise<Answer[]> {
  return await Promise.all([
    atlan.post('auth', credentials),
    atlan.post('auth', { credentials: Object.entries(credentials).map(([key, value]) => ({ key, value })) }),
    atlan.post('metadata', { ...credentials, type: 'all', database: '' }),
    atlan.post('check', { credentials, metadata }),
    atlan.post('start', { credentials, connection, metadata }),
  ]);
}

/** Asserts that all of them refuse before anyone is asked, and returns what they say. */
async function expectAllRefused(atlan: AtlanServer, credentials: object): Promise<string[]> {
  const before = forbidden.visits;
  const answers = await askAll(atlan, credentials);
  for (const answer of answers.slice(0, -1)) expectRefusal(answer, 422);
  const last = answers.at(-1) as Answer;
  let result = last.text;
  if (last.status === 200) {
    // What only a look-up can tell is found out by the run.
    const run = last.data as unknown as StartedRun;
    expect(await endOf(atlan, run)).toBe('FAILED');
    result = JSON.stringify((await atlan.get(`result/${run.workflow_id}`)).data.error);
  } else expectRefusal(last, 422);
  expect(forbidden.visits).toBe(before);
  return [...answers.slice(0, -1).map(({ text }) => text), result];
}

describe('without --allow-hosts', () => {
  it('raw credentials are refused, and the answer says how to allow them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ferry hosts ü '));
    const source = {
      type: 'mysql',
      host: 'db.example.org',
      database: 'x',
      auth: { type: 'password', secret: 'x' },
    };
    await writeFile(join(folder, 'ferry.yaml'), JSON.stringify({ version: 1, sources: { own: source } }));
    await using atlan = await startAtlan({ folder });
    for (const port of [forbidden.port, closed])
      for (const text of await expectAllRefused(atlan, credentialsFor('127.0.0.1', port)))
        expect(text).toContain('allow-hosts');
  });
});

describe('a host that is not allowed', () => {
  let atlan: AtlanServer;
  beforeAll(async () => {
    atlan = await startAtlan({
      args: ['--allow-hosts', 'db.example.org,*.intern.example.org,192.0.2.0/24,localhost,198.51.100.7'],
    });
  });
  afterAll(() => atlan?.stop());

  it.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '[::ffff:127.0.0.1]',
    '::ffff:7f00:1',
    '127.0.0.1.',
    // Its name is allowed, its network is not.
    'localhost',
    'LOCALHOST.',
    '0.0.0.0',
    '0',
  ])('%s gets the same answer whether a port is open or not', async (host) => {
    const ofOpen = await expectAllRefused(atlan, credentialsFor(host, forbidden.port));
    const ofClosed = await expectAllRefused(atlan, credentialsFor(host, closed));
    expect(ofOpen.map((text) => text.replaceAll(String(forbidden.port), 'PORT'))).toEqual(
      ofClosed.map((text) => text.replaceAll(String(closed), 'PORT')),
    );
  });

  it.each([
    'example.org',
    'intern.example.org',
    'db.example.org.evil.test',
    'evildb.example.org',
    'db.example.org@127.0.0.1',
    'x.intern.example.org@127.0.0.1',
    'http://db.example.org',
    'db.example.org/x',
    'db.example.org:5432',
    'db.example.org,127.0.0.1',
    'db.example.org 127.0.0.1',
    'db.example.org hostaddr=127.0.0.1',
    "db.example.org' hostaddr='127.0.0.1",
    'db.example.org\u0000127.0.0.1',
    'db.example.org\n',
    '/var/run/postgresql',
    '@abstract',
    '192.0.3.1',
    '198.51.100.8',
    '192.0.2.1,127.0.0.1',
  ])('%s is refused without a look at it', async (host) => {
    await expectAllRefused(atlan, credentialsFor(host, forbidden.port));
  });

  it('comes in by no other field', async () => {
    const url = `postgresql+psycopg://u:p@127.0.0.1:${forbidden.port}/postgres`;
    const host = '127.0.0.1';
    for (const more of [
      { compiled_url: url, host: undefined },
      { compiled_url: url },
      { extra: { database: 'postgres', host, hostaddr: host, port: forbidden.port } },
      { extra: { database: `postgres host=${host}` } },
      { extra: { database: url } },
      { hostaddr: host },
    ]) {
      const before = forbidden.visits;
      // The host that is allowed does not answer, or is not found; whatever is said, nobody comes to the other one.
      const { status } = await atlan.post('auth', {
        ...credentialsFor('db.intern.example.org', forbidden.port),
        ...more,
      });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(forbidden.visits).toBe(before);
    }
  });
});

describe('addresses that are never allowed', () => {
  let atlan: AtlanServer;
  beforeAll(async () => {
    atlan = await startAtlan({ args: ['--allow-hosts', '0.0.0.0/0,::/0'] });
  });
  afterAll(() => atlan?.stop());

  it.each([
    '169.254.169.254',
    '169.254.1.1',
    '2852039166',
    '0xa9fea9fe',
    '0xA9.0xFE.0xA9.0xFE',
    '0251.0376.0251.0376',
    '169.254.43518',
    '169.16689662',
    '169.254.169.254.',
    '[::ffff:169.254.169.254]',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '0:0:0:0:0:ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '[fd00:ec2::254]',
    'fd00:ec2::254',
    'fd00:0ec2:0:0:0:0:0:0254',
    'fe80::1',
    'fe80::1%lo',
    '0.0.0.0',
    '0.0.0.1',
    '0',
    '[::]',
    '::',
    '::ffff:0.0.0.0',
    '224.0.0.1',
    '239.255.255.250',
    'ff02::1',
    '255.255.255.255',
    '１６９.254.169.254',
    '169。254。169。254',
  ])('%s', async (host) => {
    await expectAllRefused(atlan, credentialsFor(host, 80));
  });
});

describe('a host that is allowed', () => {
  let atlan: AtlanServer;
  beforeAll(async () => {
    atlan = await startAtlan({ args: ['--allow-hosts', '127.0.0.1,localhost'] });
  });
  afterAll(() => atlan?.stop());

  it('and refuses connections is named, with the hop that failed', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const { details } = expectRefusal(await atlan.post('auth', credentialsFor(host, closed)), 502);
      expect(details).toContain(`${host}:${closed}`);
    }
  });

  it('and is no database does not get its words through', async () => {
    // Its own server: the run asks it again and again, also after this test.
    await using banner = await startBanner();
    for (const answer of (await askAll(atlan, credentialsFor('127.0.0.1', banner.port))).slice(0, 4)) {
      expectRefusal(answer, 502);
      expect(answer.text).not.toMatch(/SSH|Kanarienvogel/);
    }
    expect(banner.visits).toBeGreaterThan(0);
    expect(atlan.output()).not.toContain('Kanarienvogel');
  });

  it('is that address, and none next to it', async () => {
    for (const host of ['127.0.0.2', '127.0.0.11', '::1'])
      await expectAllRefused(atlan, credentialsFor(host, forbidden.port));
  });
});
