import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { makeCertificates } from '../../support/network/certificates.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { createSqlite } from '../../support/servers/sqlite-file.ts';
import type { TestServer } from '../../support/sync/read-through-ferry.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';
import { ODBC_DRIVERS, odbcDrivers } from '../../support/tools/odbc-drivers.ts';

// Servers behind a driver: how Ferry connects, what it says when that fails, and that no password is anywhere.

/** With everything that ends something in a connection string. */
const PASSWORD = `Kanari}ë;{PWD=x};DRIVER=y' "\\%20=`;

interface Server extends TestServer, AsyncDisposable {
  query(sql: string): Promise<unknown>;
}

const products = [
  {
    product: 'postgresql',
    start: (tls: { cert: string; key: string }) =>
      startPostgres({ tls, password: PASSWORD, settings: { log_statement: 'all' } }),
    setUp: 'CREATE TABLE orders (id int, note text)',
    schema: '',
    sleeping: 'SELECT pg_sleep(60), id FROM orders',
  },
  {
    product: 'mariadb',
    start: (tls: { cert: string; key: string }) => startMysql({ flavor: 'mariadb', tls }),
    setUp: `CREATE TABLE ferry.orders (id int, note text); CREATE USER kanari IDENTIFIED BY '${PASSWORD.replaceAll('\\', '\\\\').replaceAll("'", "''")}'; GRANT SELECT ON ferry.* TO kanari`,
    schema: 'ferry.',
    sleeping: 'SELECT SLEEP(60), id FROM orders',
  },
] as const;

describe.each(products)('$product through ODBC', ({ product, start, setUp, schema, sleeping }) => {
  let server: Server & { logFile?: string };
  let polyteia: PolyteiaStandIn;
  let folder: string;
  let user: string;
  beforeAll(async () => {
    const certificates = await makeCertificates({ server: { hosts: ['localhost'], days: 30 } });
    const stranger = await makeCertificates({});
    [server, polyteia] = await Promise.all([
      start(certificates.server),
      startPolyteiaStandIn({ datasets: [DATASET] }),
    ]);
    user = product === 'mariadb' ? 'kanari' : server.user;
    folder = await mkdtemp(join(tmpdir(), 'ferry odbc ü '));
    await symlink(await odbcDrivers(), join(folder, 'Treiber für Büro'));
    await writeFile(join(folder, 'ca.pem'), certificates.authority.cert);
    await writeFile(join(folder, 'stranger.pem'), stranger.authority.cert);
    await server.query(setUp);
    await server.query(`INSERT INTO ${schema}orders VALUES (1, 'one'), (2, 'two')`);
  });
  afterAll(async () => {
    await Promise.all([server?.[Symbol.asyncDispose](), polyteia?.[Symbol.asyncDispose]()]);
    await rm(folder, { recursive: true, force: true });
  });

  interface Changes {
    source?: Record<string, unknown>;
    sync?: Record<string, unknown>;
    login?: Record<string, unknown>;
    onStderr?: (text: string) => NodeJS.Signals | undefined;
  }
  const ferry = async (command: readonly string[], { source, sync, login, onStderr }: Changes = {}) => {
    const config = {
      version: 1,
      drivers: join(folder, 'Treiber für Büro'),
      sources: {
        erp: {
          type: 'odbc',
          odbc: { product, driver: ODBC_DRIVERS[product] },
          host: 'localhost',
          port: server.port,
          database: server.database,
          auth: { type: 'password', secret: 'erp' },
          tls: { mode: 'verify-full', ca: './ca.pem' },
          ...source,
        },
      },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: {
        orders: { source: 'erp', dataset: DATASET, query: 'SELECT * FROM orders ORDER BY id', ...sync },
      },
    };
    const secrets = {
      polyteia: polyteia.personalAccessKey,
      erp: { username: user, password: PASSWORD, ...login },
    };
    await mkdir(join(folder, 'tmp'), { recursive: true });
    await writeFile(join(folder, 'ferry.yaml'), stringify(config));
    await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets));
    const result = await runFerry([...command, '--secrets', 'secrets.json'], {
      folder,
      environment: { TMPDIR: join(folder, 'tmp') },
      ...(onStderr ? { onStderr } : {}),
    });
    const printed = `${result.stdout}${result.stderr}`;
    expect(printed).not.toContain('Kanari');
    await rm(join(folder, 'secrets.json'));
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      expect(await readFile(join(file.parentPath, file.name), 'latin1')).not.toContain('Kanari');
    }
    return result;
  };

  it('is checked, with encryption and rights', async () => {
    const { stdout } = await ferry(['check']);
    expect(stdout).toMatch(/driver +ok +\/.*\.so/);
    expect(stdout).toMatch(/login +ok +(Postgres 18|MariaDB 10\.11)\.\d+.*, database /);
    expect(stdout).toMatch(/encryption +ok +TLSv1\.[23], .*, certificate and host name verified/);
    expect(stdout).toMatch(/sync orders +ok +the source prepared the query: 2 columns/);
    expect(stdout).toMatch(
      product === 'mariadb' ? /permissions +ok +the login can only read/ : /permissions +warning +the login /,
    );
  });

  it('is previewed and read, by a transaction that the server keeps read-only', async () => {
    const preview = await ferry(['preview', 'orders']);
    expect(preview.stdout).toMatch(/id {2}note\n1 {3}one\n2 {3}two\n\nThe source expects about /);
    const run = await ferry(['run', 'orders']);
    expect(run).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/succeeded \(uploaded\): 2 rows/),
    });
    const { stdout } = await ferry(['runs', '--json']);
    expect(stdout).not.toMatch(/read-only/);
  });

  it('is asked with the letters of a query', async () => {
    const query = `SELECT 'ü 漢 🐘' AS grün, id FROM orders -- für 漢\nWHERE note = 'one' AND 'ß' <> 'ẞ'`;
    const { stdout } = await ferry(['preview', 'orders'], { sync: { query } });
    expect(stdout).toMatch(/\ngrün +id\nü 漢 🐘 +1\n/);
  });

  it('does not change what another driver of the process makes of letters', async () => {
    await ferry(['preview', 'orders']);
    await using archive = await createSqlite();
    const { content } = await archive.read({ query: 'SELECT \'ü 漢 🐘\' AS "grün 🐘" -- ß' });
    expect(content.columns).toMatchObject([{ name: 'grün 🐘' }]);
    expect(content.rows).toEqual([['ü 漢 🐘']]);
    const failure = await archive.read({ query: 'SELECT 1 AS a FROM "Gärten 漢"' }).catch((error) => error);
    expect(failure.message).toBe('The source refused the query: no such table: Gärten 漢.');
  });

  it.each<[string, Changes, RegExp]>([
    [
      'another authority',
      { source: { tls: { mode: 'verify-full', ca: './stranger.pem' } } },
      /not signed by the authorities/,
    ],
    [
      'another host name',
      { source: { host: '127.0.0.1' } },
      /is for another host name|compares no host name for this address/,
    ],
    ['a wrong password', { login: { password: 'Kanarie' } }, /refused the login of user/],
    [
      'a database that does not exist',
      { source: { database: 'nowhere' } },
      /has no database "nowhere"|denies user .* access to database "nowhere"/,
    ],
    [
      'a port where nothing listens',
      { source: { port: 1 } },
      /cannot be reached: nothing listens on that port/,
    ],
    [
      'a query that writes',
      { sync: { query: `WITH x AS (SELECT 1) INSERT INTO orders SELECT 3, 'x'` } },
      /QueryError/,
    ],
    [
      'a table that does not exist',
      { sync: { query: 'SELECT * FROM nowhere' } },
      /nowhere.*(does not|doesn't) exist/,
    ],
  ])('refuses %s', async (_what, changes, message) => {
    const { stderr, exitCode } = await ferry(['run', 'orders', '--timeout', '20s'], changes);
    expect(stderr).toMatch(message);
    expect(exitCode).not.toBe(0);
  });

  it.each([
    'SELECT 1 AS a; DROP TABLE orders',
    'SELECT 1 AS a) AS q; DROP TABLE orders; SELECT * FROM (SELECT 1 AS a',
    "SELECT '\\'; DROP TABLE orders; -- ' AS a",
    'SELECT id FROM orders FOR UPDATE',
    'DELETE FROM orders',
    'COMMIT',
    "SELECT * FROM odbc_query(1, 'DROP TABLE orders')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT getvariable('db') AS a",
  ])('changes nothing, and reaches nothing else: %s', async (query) => {
    const { stderr } = await ferry(['run', 'orders', '--timeout', '20s'], { sync: { query } });
    // The third is one text where a backslash is no escape.
    expect(stderr).toMatch(query.includes('\\') ? /export|QueryError/ : /QueryError|Ferry only reads/);
    const { exitCode } = await ferry(['run', 'orders', '--dry-run'], { sync: { guards: { minRows: 2 } } });
    expect(exitCode).toBe(0);
  });

  it('ends a query at the source when the run is cancelled', async () => {
    const started = performance.now();
    const { exitCode } = await ferry(['run', 'orders'], {
      sync: { query: sleeping },
      onStderr: (text) => (/describe/.test(text) ? 'SIGINT' : undefined),
    });
    expect(exitCode).not.toBe(0);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
