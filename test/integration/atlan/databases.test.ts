import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectRefusal } from '../../support/atlan/refusals.ts';
import { type AtlanServer, startAtlan } from '../../support/atlan/start-atlan.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';

// A login that is right, and a database that it cannot use.

const metadata = { 'include-filter': '{}', 'exclude-filter': '{}', 'temp-table-regex': '' };

let postgres: PostgresServer;
let atlan: AtlanServer;
let login: object;
beforeAll(async () => {
  [postgres, atlan] = await Promise.all([
    startPostgres(),
    startAtlan({ args: ['--allow-hosts', '127.0.0.0/8'] }),
  ]);
  await postgres.query("CREATE ROLE leser LOGIN PASSWORD 'geheim-4711'");
  await postgres.query('CREATE DATABASE closed');
  await postgres.query('REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
  const { host, port } = postgres;
  login = { host, port, username: 'leser', password: 'geheim-4711' };
});
afterAll(async () => {
  await atlan?.stop();
  await postgres?.stop();
});

/** Each route that answers with what the server says of a database. */
const asksFor = (database: string) => {
  const credentials = { ...login, extra: { database } };
  const own = { ...login, extra: { database: 'postgres' } };
  return [
    ['auth', credentials],
    ['check', { credentials, metadata }],
    ['metadata', { ...credentials, type: 'all', database: '' }],
    ['metadata', { ...own, type: 'schema', database }],
  ] as const;
};

it('a database that the login may not use is told as that, and not as wrong credentials', async () => {
  for (const [path, body] of asksFor('closed')) {
    const refused = await atlan.post(path, body);
    const { details, data } = expectRefusal(refused, 403);
    expect(details).toContain('denies user "leser" access to database "closed".');
    expect(data).toEqual({ status: 'failed' });
    expect(refused.text).not.toMatch(/password|secret|tls\.mode/);
  }
});

it('a name that is too long for a database does not open the one that it begins like', async () => {
  const longest = 'd'.repeat(63);
  await postgres.query(`CREATE DATABASE ${longest}`);
  const ask = (database: string) =>
    atlan.post('metadata', { ...login, extra: { database: 'postgres' }, type: 'schema', database });
  expect((await ask(longest)).status).toBe(200);
  const umlauts = 'ü'.repeat(31);
  await postgres.query(`CREATE DATABASE ${umlauts}`);
  expect((await ask(umlauts)).status).toBe(200);
  for (const name of [`${longest}-other`, `${umlauts}ü`, `${umlauts}dd`])
    expect(expectRefusal(await ask(name), 422).details).toContain(`has no database "${name}". Names of`);
  const credentials = { ...login, extra: { database: `${umlauts}ü` } };
  expectRefusal(await atlan.post('auth', credentials), 422);
});

it('a database that there is not is told in words of the request, not of ferry.yaml', async () => {
  for (const [path, body] of asksFor('nodb'))
    expect(expectRefusal(await atlan.post(path, body), 422).details).toMatch(
      /^The source at \S+ has no database "nodb"\. Check `database`\.$/,
    );
});
