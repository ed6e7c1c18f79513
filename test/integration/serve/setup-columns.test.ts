import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeColumns } from '../../../shared/checks/probe-columns.ts';
import { type AtlanServer, startAtlan } from '../../support/atlan/start-atlan.ts';
import { waitFor } from '../../support/processes/wait-for.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sessionOptions } from '../../support/source/source-session.ts';

// POST /setup/columns: somebody's query reaches a source, and must do nothing there.

let postgres: PostgresServer;
let mariadb: MysqlServer;
let serve: AtlanServer;
beforeAll(async () => {
  [postgres, mariadb, serve] = await Promise.all([
    startPostgres(),
    startMysql(),
    startAtlan({ args: ['--allow-hosts', '127.0.0.1'] }),
  ]);
  await postgres.query('CREATE TABLE t (id int, "Größe" numeric(10,2)); INSERT INTO t VALUES (4711, 1)');
  await postgres.query('CREATE SEQUENCE counter');
  await mariadb.query('CREATE TABLE ferry.t (id int, `Größe` decimal(10,2)); CREATE SEQUENCE ferry.counter');
  await mariadb.query(
    'CREATE FUNCTION ferry.writes() RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO ferry.t VALUES (1, 1); RETURN 1; END',
  );
});
afterAll(async () => {
  await serve?.stop();
  await Promise.all([postgres?.stop(), mariadb?.stop()]);
});

const sources = [
  {
    name: 'Postgres',
    of: () => ({ ...place(postgres), connectorName: 'postgres' }),
    counted: async () =>
      (await postgres.query('SELECT is_called, (SELECT count(*) FROM t)::int AS rows FROM counter')).rows,
    untouched: [{ is_called: false, rows: 1 }],
  },
  {
    name: 'MariaDB',
    of: () => ({ ...place(mariadb), connectorName: 'mysql' }),
    counted: () =>
      mariadb.query(
        'SELECT next_not_cached_value AS n, (SELECT count(*) FROM ferry.t) AS m FROM ferry.counter',
      ),
    untouched: [{ n: '1', m: '0' }],
  },
];
const place = ({ host, port, database, user: username, password }: PostgresServer | MysqlServer) => ({
  host,
  port,
  database,
  username,
  password,
});
const columnsIn = (body: Record<string, unknown> | undefined) =>
  ((body?.columns ?? []) as { name: string }[]).map(({ name }) => name);
const ask = (credentials: object, query: string) => serve.post('/setup/columns', { credentials, query });

describe.each(sources)('a query that somebody sends to $name', ({ of, counted, untouched }) => {
  it('is described', async () => {
    const { status, body } = await ask(of(), 'SELECT * FROM t;');
    expect([status, columnsIn(body)]).toEqual([200, ['id', 'Größe']]);
    expect(JSON.stringify(body)).not.toContain('4711');
  });

  it('changes nothing', async () => {
    const answers = [
      await ask(of(), 'DROP TABLE t'),
      await ask(of(), 'SELECT 1 AS a; DROP TABLE t'),
      await ask(of(), 'DELETE FROM t'),
      await ask(of(), 'SELECT * FROM gibt_es_nicht'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422]);
    // Whether they are refused or only described.
    await ask(of(), "SELECT nextval('counter') AS a");
    await ask(of(), 'SELECT nextval(counter) AS a');
    await ask(of(), 'SELECT writes() AS a');
    expect(await counted()).toEqual(untouched);
  });

  it('is refused with a wrong login, and that is no answer about the caller', async () => {
    const { status, text } = await ask({ ...of(), password: 'falsch-Kanarienvogel' }, 'SELECT 1 AS a');
    expect(status).toBe(502);
    expect(text).not.toContain('Kanarienvogel');
    expect(serve.output()).not.toContain('Kanarienvogel');
  });
});

describe('credentials', () => {
  it('are refused for a host that is not allowed', async () => {
    const { status, text } = await ask({ ...place(postgres), host: '127.0.0.2' }, 'SELECT 1 AS a');
    expect([status, text]).toEqual([422, expect.stringContaining('credentials.host')]);
  });

  it('are those of a kind that Ferry reads', async () => {
    const { status, text } = await ask({ ...place(postgres), connectorName: 'oracle' }, 'SELECT 1 AS a');
    expect([status, text]).toEqual([422, expect.stringContaining('connectorName')]);
  });
});

it('is not worked on for longer than a few seconds', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ferry columns ü '));
  const { user: username, password } = mariadb;
  const { source, extensionFolders, memoryLimitBytes, threads } = sessionOptions(mariadb, folder);
  const probe = {
    name: 'erp',
    source,
    secrets: { read: async () => JSON.stringify({ username, password }) },
    job: 'api',
    ...{ extensionFolders, memoryLimitBytes, threads, workFolder: folder },
    signal: new AbortController().signal,
  };
  const slow = probeColumns(probe, { query: 'SELECT SLEEP(25) AS a', types: 'exact' }, { limitMs: 200 });
  await expect(slow).rejects.toThrow('has not prepared the query within 0.2 seconds');
  await waitFor(
    'the end of the statement',
    async () => {
      const running = await mariadb.query(
        "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%SLEEP(25)%' AND id <> CONNECTION_ID()",
      );
      return running.length === 0 || undefined;
    },
    15_000,
  );
  await rm(folder, { recursive: true });
});

it('is not begun for a caller who left while others were asked', async () => {
  const sockets = new Set<Socket>();
  let seen = 0;
  // Says nothing, where MySQL would greet.
  const silent = createServer((socket) => {
    seen += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const leaving = new AbortController();
  const body = JSON.stringify({
    credentials: { ...place(mariadb), port, connectorName: 'mysql' },
    query: 'SELECT 1 AS a',
  });
  const asked = Array.from({ length: 5 }, () =>
    fetch(`${serve.url}/setup/columns`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: leaving.signal,
    }).catch(() => 'left'),
  );
  await waitFor('four at once', () => sockets.size === 4 || undefined, 15_000);
  leaving.abort();
  await Promise.all(asked);
  await waitFor('the end of the four', () => sockets.size === 0 || undefined, 15_000);
  expect(seen).toBe(4);
  silent.close();
});

it('is not there for callers whom nobody knows', async () => {
  await using open = await startAtlan({ args: ['--allow-hosts', '127.0.0.1', '--api-auth', 'none'] });
  expect((await open.get('/setup')).body).toMatchObject({ describesQueries: false });
  const { status } = await open.post('/setup/columns', { credentials: place(postgres), query: 'SELECT 1' });
  expect(status).toBe(404);
});

it('does not try the login of a configured source again that was refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ferry columns ü '));
  const { host, port, database, user } = postgres;
  const source = { type: 'postgres', host, port, database, tls: { mode: 'disable' } };
  await writeFile(
    join(folder, 'ferry.yaml'),
    JSON.stringify({
      version: 1,
      sources: { erp: { ...source, auth: { type: 'password', secret: 'erp' } } },
    }),
  );
  const secret = JSON.stringify({ username: user, password: 'falsch-Kanarienvogel' });
  await using own = await startAtlan({ folder, environment: { FERRY_SECRET_ERP: secret } });
  const columns = () => own.post('/setup/columns', { source: 'erp', query: 'SELECT 1 AS a' });
  const [first, second] = [await columns(), await columns()];
  expect([first.status, second.status]).toEqual([502, 502]);
  expect(first.text).not.toContain('did not try it again');
  expect(second.text).toContain('did not try it again');
  for (const [route, body] of [
    ['auth', {}],
    ['metadata', { type: 'all' }],
    ['check', { metadata: {} }],
  ] as const)
    expect((await own.post(route, { credential_guid: 'erp', ...body })).text).toContain(
      'did not try it again',
    );
  await rm(folder, { recursive: true });
});
