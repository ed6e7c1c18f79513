import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FerryFolder, setUpFerryFolder } from '../../support/cli/ferry-folder.ts';
import { type Certificate, makeCertificates } from '../../support/network/certificates.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';

const MAX_CONNECTIONS = 10;
const disable = { mode: 'disable' };
const verified = { ca: './ca.pem' };

let ferry: FerryFolder;
let certificate: Certificate;
beforeAll(async () => {
  ferry = await setUpFerryFolder();
  const { authority, server } = await makeCertificates({ server: { hosts: ['localhost'], days: 30 } });
  certificate = server;
  await writeFile(join(ferry.folder, 'ca.pem'), authority.cert);
});
afterAll(() => ferry[Symbol.asyncDispose]());

function connect(
  port: number,
  login: { username: string; password: string },
  { tls = disable, database = 'ferry' }: { tls?: Record<string, string>; database?: string } = {},
) {
  return ferry.run({ source: { type: 'mysql', host: 'localhost', port, database, tls }, login });
}

describe.each(['mariadb', 'mysql'] as const)('a login at %s', (flavor) => {
  let server: MysqlServer;
  beforeAll(async () => {
    const settings = { max_connections: String(MAX_CONNECTIONS) };
    server = await startMysql({ flavor, tls: certificate, settings });
    // As everybody's password.
    const by = "IDENTIFIED BY 'right'";
    await server.query(`
      CREATE USER reader@'%' ${by};
      CREATE USER outsider@'%' ${by};
      CREATE USER locked@'%' ${by} ACCOUNT LOCK;
      CREATE USER expired@'%' ${by} PASSWORD EXPIRE;
      CREATE USER elsewhere@'10.9.9.9' ${by};
      CREATE USER encrypted@'%' ${by} REQUIRE SSL;
      CREATE USER alone@'%' ${by} WITH MAX_USER_CONNECTIONS 1;
      GRANT SELECT ON ferry.* TO reader@'%', locked@'%', expired@'%', elsewhere@'10.9.9.9', encrypted@'%', alone@'%'`);
  }, 300_000);
  afterAll(() => server.stop());

  const refused = { class: 'AuthError', hint: /^Check username and password in the secret/ };
  it.each<{
    what: string;
    username?: string;
    password?: string;
    database?: string;
    class: string;
    message: RegExp;
    hint: RegExp;
  }>([
    {
      what: 'a wrong password',
      password: 'wrong',
      message: /refused the login of user "reader"/,
      ...refused,
    },
    { what: 'no password', password: '', message: /refused the login of user "reader"/, ...refused },
    {
      what: 'an unknown user',
      username: 'nobody',
      message: /refused the login of user "nobody"/,
      ...refused,
    },
    { what: 'a user of other hosts', username: 'elsewhere', message: /refused the login/, ...refused },
    {
      what: 'an unknown database',
      // Other logins may not know that it does not exist.
      username: 'ferry',
      password: 'ferry',
      database: 'nodb',
      class: 'ConfigError',
      message: /has no database "nodb"/,
      hint: /^Check `database`/,
    },
    {
      what: 'a user without rights on the database',
      username: 'outsider',
      class: 'AuthError',
      message: /denies user "outsider" access to database "ferry"/,
      hint: /GRANT SELECT ON ferry\.\*/,
    },
    {
      what: 'a locked account',
      username: 'locked',
      class: 'AuthError',
      message: /has locked the account of user "locked"/,
      hint: /^Unlock it/,
    },
    {
      what: 'an expired password',
      username: 'expired',
      class: 'AuthError',
      message: /^The password of user "expired" .* has expired\.$/,
      hint: /^Give the user a new one/,
    },
    {
      what: 'a user who must use TLS',
      username: 'encrypted',
      class: 'AuthError',
      message: /refused the login of user "encrypted"/,
      hint: /requires TLS gives the same answer when tls\.mode is disable/,
    },
  ])('explains $what', async ({ username = 'reader', password = 'right', database, ...expected }) => {
    const result = await connect(server.port, { username, password }, database ? { database } : {});
    expect(result.error).toMatchObject({
      class: expected.class,
      message: expect.stringMatching(expected.message),
      hint: expect.stringMatching(expected.hint),
    });
    expect(result.exitCode).toBe(expected.class === 'ConfigError' ? 2 : 1);
  });

  it('explains that there are too many connections, in all or for this user', async () => {
    const open = (user: string, password: string) =>
      mysql.createConnection({ host: '127.0.0.1', port: server.port, user, password });
    await using connections = new AsyncDisposableStack();
    const keep = async (connection: mysql.Connection) => void connections.defer(() => connection.end());
    const none = {
      exitCode: 1,
      error: { class: 'SourceUnavailableError', message: expect.stringMatching(/has no connections left/) },
    };
    await keep(await open('alone', 'right'));
    expect(await connect(server.port, { username: 'alone', password: 'right' })).toMatchObject({
      exitCode: 1,
      error: {
        class: 'SourceUnavailableError',
        message: expect.stringMatching(/user "alone"/),
        hint: expect.stringContaining('MAX_USER_CONNECTIONS'),
      },
    });

    for (let count = 1; count < MAX_CONNECTIONS; count += 1) await keep(await open('ferry', 'ferry'));
    for (const tls of [disable, verified]) {
      expect(await connect(server.port, { username: 'reader', password: 'right' }, { tls })).toMatchObject(
        none,
      );
    }
  });

  // The server's greeting is awaited on its own connection, which is broken off.
  it('does not count as a failed one', async () => {
    const limited = flavor === 'mysql' ? 'FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED' : '';
    await server.query(`
      ${flavor === 'mariadb' ? 'SET GLOBAL max_password_errors = 1;' : ''}
      CREATE USER careful@'%' IDENTIFIED BY 'right' ${limited};
      GRANT SELECT ON ferry.* TO careful@'%'`);
    for (let run = 1; run <= 3; run += 1) {
      expect(await connect(server.port, { username: 'careful', password: 'right' })).toMatchObject({
        exitCode: 0,
      });
    }
  });
});

describe('the login methods of MySQL', () => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startMysql({ flavor: 'mysql', tls: certificate });
  }, 300_000);
  afterAll(() => server.stop());

  it.each([
    ['caching_sha2_password', 'TLS', verified],
    ['caching_sha2_password', 'plain TCP', disable],
    ['sha256_password', 'TLS', verified],
    ['sha256_password', 'plain TCP', disable],
  ])('%s works over %s, at the first login and at later ones', async (plugin, over, tls) => {
    const [username, password] = [`${plugin} ${over}`, 'p\'"\\ %ü$'];
    await server.query(`CREATE USER ?@'%' IDENTIFIED WITH ${plugin} BY ?; GRANT SELECT ON ferry.* TO ?@'%'`, [
      username,
      password,
      username,
    ]);
    for (const login of [{ password }, { password }]) {
      expect(await connect(server.port, { username, ...login }, { tls })).toMatchObject({ exitCode: 0 });
    }
    // The server has the first login's result at hand.
    const wrong = await connect(server.port, { username, password: 'wrong' }, { tls });
    expect(wrong.error).toMatchObject({ class: 'AuthError' });
  });
});

describe('a login method that the client lacks', () => {
  it('is explained', async () => {
    await using server = await startMysql({ authPlugin: 'ed25519' });
    const { exitCode, error } = await connect(server.port, { username: 'ferry', password: 'ferry' });
    expect(exitCode).toBe(2);
    expect(error).toMatchObject({
      class: 'ConfigError',
      message: expect.stringMatching(
        /^User "ferry" of the source at .* signs in with a method that Ferry does not support/,
      ),
      hint: expect.stringMatching(/caching_sha2_password and mysql_native_password work/),
    });
  });
});

describe('a service that is not a MySQL server', () => {
  /** Answers each connection with the same bytes, and closes it unless `keep` is set. */
  async function answerWith(bytes: Uint8Array | string, keepOpen = false) {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      if (keepOpen) socket.write(bytes);
      else socket.end(bytes);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const started = performance.now();
    try {
      const result = await connect(port, { username: 'reader', password: 'right' });
      return { ...result, seconds: (performance.now() - started) / 1000 };
    } finally {
      server.close();
    }
  }

  const refusal = (code: number, text: string) => {
    const body = Buffer.concat([Buffer.from([0xff, code & 255, code >> 8]), Buffer.from(text)]);
    return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]);
  };

  it.each([
    [1040, '#08004Too many connections', 'SourceUnavailableError', /has no connections left/],
    [
      1129,
      "Host '10.0.0.7' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'",
      'AuthError',
      /does not accept connections from the host where Ferry runs/,
    ],
    [
      1130,
      "Host '10.0.0.7' is not allowed to connect to this MySQL server",
      'AuthError',
      /does not accept connections from the host where Ferry runs/,
    ],
    [1053, '#08S01Server shutdown in progress', 'SourceUnavailableError', /is shutting down/],
  ])('explains a greeting that is error %i', async (code, text, name, message) => {
    expect(await answerWith(refusal(code, text))).toMatchObject({
      exitCode: 1,
      error: { class: name, message: expect.stringMatching(message) },
    });
  });

  const NOT_A_DATABASE =
    /cannot be reached: it accepts the connection, but does not use the protocol of this type of database/;
  it.each([
    ['that never greets', '', true],
    ['that closes the connection', '', false],
    ['of another protocol', 'SSH-2.0-OpenSSH_9.2p1\r\n', true],
    ['of another protocol that closes the connection', 'HTTP/1.1 400 Bad Request\r\n\r\n', false],
  ])('gives up on a server %s', async (_what, bytes, keepOpen) => {
    const { seconds, ...result } = await answerWith(bytes, keepOpen);
    expect(result).toMatchObject({
      exitCode: 1,
      error: { class: 'SourceUnavailableError', message: expect.stringMatching(NOT_A_DATABASE) },
    });
    // Three, and the start of the process.
    expect(seconds).toBeLessThan(6);
  });

  it('reports that nothing listens', async () => {
    expect(await connect(1, { username: 'reader', password: 'right' })).toMatchObject({
      exitCode: 1,
      error: {
        class: 'SourceUnavailableError',
        message: 'The source at localhost:1 cannot be reached: nothing listens on that port.',
      },
    });
  });
});
