import { existsSync } from 'node:fs';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../support/network/certificates.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';

/** What a person's own client over TCP gets, with none of the test server's helpers in between. */
async function overTcp<Row>(
  server: MysqlServer,
  sql: string,
  options: mysql.ConnectionOptions = {},
): Promise<Row[]> {
  const { host, port, user, password, database } = server;
  const connection = await mysql.createConnection({ host, port, user, password, database, ...options });
  try {
    const [rows] = await connection.query(sql);
    return rows as Row[];
  } finally {
    await connection.end();
  }
}

const cipher = "SHOW SESSION STATUS LIKE 'Ssl_cipher'";

// MySQL is fetched when it is not there.
const startLimit = 300_000;

describe.each([
  { flavor: 'mariadb', oldest: 10, plugin: 'mysql_native_password' },
  { flavor: 'mysql', oldest: 8, plugin: 'caching_sha2_password' },
] as const)('a test server of $flavor', ({ flavor, oldest, plugin }) => {
  // Quotes and backslashes: the password must arrive as it is.
  const password = `p'"\\ %ü$`;
  let server: MysqlServer;
  let withTls: MysqlServer;
  let certificates: Awaited<ReturnType<typeof makeCertificates<'server'>>>;
  beforeAll(async () => {
    certificates = await makeCertificates({ server: { hosts: ['localhost', '127.0.0.1'], days: 30 } });
    [server, withTls] = await Promise.all([
      startMysql({ flavor, password }),
      startMysql({
        flavor,
        tls: { ...certificates.server, ca: certificates.authority.cert },
        settings: { sql_mode: 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', lower_case_table_names: '1' },
      }),
    ]);
  }, startLimit);
  afterAll(async () => {
    await Promise.all([server?.stop(), withTls?.stop()]);
  });

  it('has the flavor, and accepts the login over TCP, with its password only', async () => {
    expect(Number(server.version.split('.')[0])).toBeGreaterThanOrEqual(oldest);
    const [row] = await overTcp<{ version: string; me: string; db: string; mode: string }>(
      server,
      'SELECT VERSION() AS version, CURRENT_USER() AS me, DATABASE() AS db, @@GLOBAL.sql_mode AS mode',
    );
    expect(row).toMatchObject({ me: 'ferry@%', db: 'ferry' });
    expect(row?.version.startsWith(server.version)).toBe(true);
    expect(row?.version.includes('MariaDB')).toBe(flavor === 'mariadb');
    expect(row?.mode).toContain('STRICT_TRANS_TABLES');
    expect(await server.query('SELECT plugin FROM mysql.user WHERE User = ?', ['ferry'])).toEqual([
      { plugin },
    ]);

    for (const login of [{ password: 'wrong' }, { user: 'root', password: '' }]) {
      await expect(overTcp(server, 'SELECT 1', login)).rejects.toMatchObject({
        code: 'ER_ACCESS_DENIED_ERROR',
      });
    }
  });

  it('offers TLS only when asked to, with the given certificate', async () => {
    expect(await overTcp<{ Value: string }>(server, cipher)).toMatchObject([{ Value: '' }]);
    await expect(overTcp(server, cipher, { ssl: {} })).rejects.toThrow(/does not support secure connection/i);

    const ssl = { ca: certificates.authority.cert };
    const [row] = await overTcp<{ Value: string }>(withTls, cipher, { ssl });
    expect(row?.Value).toMatch(/AES|CHACHA/);
    await expect(overTcp(withTls, cipher, { ssl: {} })).rejects.toThrow(/certificate/);
    expect(await overTcp(withTls, cipher)).toMatchObject([{ Value: '' }]);
  });

  it('applies settings, including those that the data directory needs', async () => {
    const [row] = await withTls.query('SELECT @@sql_mode AS mode, @@lower_case_table_names AS lower_case');
    expect(row).toEqual({ mode: 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', lower_case: '1' });
    await withTls.query('CREATE TABLE "Kunden" (id INT)');
    expect(await withTls.query('SHOW TABLES')).toEqual([{ Tables_in_ferry: 'kunden' }]);
  });

  it('stores umlauts and exact values', async () => {
    await server.query(`
      CREATE TABLE straßen (name VARCHAR(50), preis DECIMAL(30,10), id BIGINT UNSIGNED, tag DATE, zeit DATETIME(6));
      INSERT INTO straßen VALUES ('Größe 🐝', 12345678901234567890.0123456789, 18446744073709551615,
        '2024-02-29', '2024-03-31 02:30:00.123456')`);
    expect(await server.query('SELECT * FROM straßen WHERE name = ?', ['Größe 🐝'])).toEqual([
      {
        name: 'Größe 🐝',
        preis: '12345678901234567890.0123456789',
        id: '18446744073709551615',
        tag: '2024-02-29',
        zeit: '2024-03-31 02:30:00.123456',
      },
    ]);
    expect(await overTcp(server, 'SELECT name, HEX(name) AS bytes FROM straßen')).toEqual([
      { name: 'Größe 🐝', bytes: Buffer.from('Größe 🐝').toString('hex').toUpperCase() },
    ]);
    // A server shares nothing with another one.
    expect(await withTls.query('SHOW TABLES')).not.toContainEqual({ Tables_in_ferry: 'straßen' });
  });

  it('is gone after stop, with its data', async () => {
    const other = await startMysql({ flavor });
    expect(existsSync(other.dataFolder)).toBe(true);
    expect(() => process.kill(other.pid, 0)).not.toThrow();
    await other.stop();
    expect(() => process.kill(other.pid, 0)).toThrow(/ESRCH/);
    expect(existsSync(other.dataFolder)).toBe(false);
    expect(existsSync(other.logFile)).toBe(false);
    await expect(overTcp(other, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('startMysql', () => {
  it('gives the login of MariaDB another plugin', async () => {
    await using server = await startMysql({ authPlugin: 'ed25519' });
    const accounts = await server.query("SELECT plugin FROM mysql.user WHERE User = 'ferry'");
    expect(accounts).toEqual([{ plugin: 'ed25519' }]);
  });

  it('says why a server did not start or could not be set up', async () => {
    await expect(startMysql({ settings: { no_such_setting: '1' } })).rejects.toThrow(/no_such_setting/);
    await expect(startMysql({ authPlugin: 'no_such_plugin' })).rejects.toThrow(/no_such_plugin/);
  });
});
