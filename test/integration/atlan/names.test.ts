import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connection } from '../../support/atlan/catalog.ts';
import { expectRefusal } from '../../support/atlan/refusals.ts';
import { type Resolver, startResolver } from '../../support/atlan/resolver.ts';
import { type AtlanServer, endOf, startAtlan, startRun } from '../../support/atlan/start-atlan.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// Names that are allowed, and lead somewhere else: who owns a name decides what it resolves to, each time anew.

const metadata = { 'include-filter': '{}', 'exclude-filter': '{}', 'temp-table-regex': '' };
/** Nothing routes there (RFC 5737), and nothing says so either. */
const PUBLIC = '192.0.2.1';
const ELSEWHERE = '127.0.0.2';

let postgres: PostgresServer;
/** At the same port as the database, at another address. */
let elsewhere: Server;
let visits = 0;
let atlan: AtlanServer;
let resolver: Resolver;
beforeAll(async () => {
  resolver = startResolver();
  postgres = await startPostgres();
  elsewhere = createServer((socket) => {
    visits += 1;
    socket.destroy();
  }).listen(postgres.port, ELSEWHERE);
  await once(elsewhere, 'listening');
  atlan = await startAtlan({
    args: [
      ...['--allow-hosts', 'db.example.org,*.intern.example.org,127.0.0.1'],
      ...['--credentials-tls', 'disable'],
    ],
  });
});
afterAll(async () => {
  resolver?.[Symbol.dispose]();
  elsewhere?.close();
  await atlan?.stop();
  await postgres?.stop();
});

const credentialsFor = (host: string) => {
  const { port, user: username, password } = postgres;
  return { host, port, username, password, extra: { database: 'postgres' } };
};

/** Asks each route that answers with what the database says. */
const askAll = (credentials: object) =>
  Promise.all([
    atlan.post('auth', credentials),
    atlan.post('metadata', { ...credentials, type: 'all', database: '' }),
    atlan.post('check', { credentials, metadata }),
  ]);

describe('a name that is allowed', () => {
  it.each(['db.example.org', 'DB.Example.ORG', 'a.intern.example.org'])(
    '%s leads to an allowed network, and is resolved by nobody else',
    async (host) => {
      const name = host.toLowerCase();
      resolver.resolve({ [name]: [['127.0.0.1']] });
      const credentials = credentialsFor(host);
      expect((await atlan.post('auth', credentials)).body).toMatchObject({ success: true });
      const listed = await atlan.post('metadata', { ...credentials, type: 'all', database: '' });
      expect(listed.body).toMatchObject({ success: true });
      expect((await atlan.post('check', { credentials, metadata })).body).toMatchObject({ success: true });
      const run = await startRun(atlan, { credentials, connection, metadata });
      expect(await endOf(atlan, run)).toBe('COMPLETED');
      expect(resolver.asked.get(name)).toBeGreaterThan(0);
    },
  );

  it.each([
    ELSEWHERE,
    '127.0.0.3',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::ffff:127.0.0.2',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    'fd12::1',
    'fe80::1',
    'fec0::1',
  ])('is refused when it leads to %s', async (address) => {
    for (const addresses of [[address], [PUBLIC, address]]) {
      resolver.resolve({ 'db.example.org': [addresses] });
      const before = visits;
      const credentials = credentialsFor('db.example.org');
      for (const answer of await askAll(credentials)) expectRefusal(answer, 422);
      const started = await atlan.post('start', { credentials, connection, metadata });
      if (started.status === 200) expect(await endOf(atlan, started.data as never)).toBe('FAILED');
      else expectRefusal(started, 422);
      expect(visits).toBe(before);
    }
  });

  it.each([ELSEWHERE, '10.0.0.1', '169.254.169.254', '::1'])(
    'and leads to %s too is asked at its other address only',
    async (address) => {
      resolver.resolve({ 'db.example.org': [[address, '127.0.0.1']] });
      const before = visits;
      for (const { status } of await askAll(credentialsFor('db.example.org')))
        expect([200, 422]).toContain(status);
      expect(visits).toBe(before);
    },
  );

  it('and changes its mind after the first look-up leads nobody elsewhere', async () => {
    for (const steps of [1, 2, 3]) {
      const answers = [...Array.from({ length: steps }, () => ['127.0.0.1']), [ELSEWHERE]];
      resolver.resolve({ 'db.example.org': answers });
      const before = visits;
      await atlan.post('auth', credentialsFor('db.example.org'));
      await atlan.post('check', { credentials: credentialsFor('db.example.org'), metadata });
      const started = await atlan.post('start', {
        credentials: credentialsFor('db.example.org'),
        connection,
        metadata,
      });
      if (started.status === 200) await endOf(atlan, started.data as never);
      expect(visits).toBe(before);
    }
  });

  it('and does not exist is refused as a host that cannot be reached', async () => {
    resolver.resolve({});
    const { details } = expectRefusal(await atlan.post('auth', credentialsFor('db.example.org')), 502);
    expect(details).toContain('db.example.org');
  });
});

describe('a name that is not allowed', () => {
  it('gets the same answer whether it exists or not', async () => {
    resolver.resolve({ 'elsewhere.example.org': [[ELSEWHERE]], 'inner.example.org': [['10.0.0.1']] });
    const answers: string[] = [];
    for (const name of ['elsewhere', 'inner', 'nowhere']) {
      const answer = await atlan.post('auth', credentialsFor(`${name}.example.org`));
      expectRefusal(answer, 422);
      answers.push(answer.text.replaceAll(name, 'NAME'));
    }
    expect([...new Set(answers)]).toEqual([answers[0]]);
  });
});
