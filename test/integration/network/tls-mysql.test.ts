import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { type FerryFolder, setUpFerryFolder } from '../../support/cli/ferry-folder.ts';
import { type Certificate, makeCertificates } from '../../support/network/certificates.ts';
import { type RecordingProxy, startRecordingProxy } from '../../support/network/recording-proxy.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';

// A certificate names it as little as it names 127.0.0.1, which DuckDB's client would not compare.
const OTHER_HOST = '127.0.0.2';

let ferry: FerryFolder;
let certificates: Record<'server' | 'old' | 'authority', Certificate>;
beforeAll(async () => {
  ferry = await setUpFerryFolder();
  certificates = await makeCertificates({
    server: { hosts: ['localhost'], days: 30 },
    old: { hosts: ['localhost'], days: -1 },
  });
  const stranger = await makeCertificates({});
  await writeFile(join(ferry.folder, 'ca.pem'), certificates.authority.cert);
  await writeFile(join(ferry.folder, 'stranger.pem'), stranger.authority.cert);
});
afterAll(() => ferry[Symbol.asyncDispose]());

interface Servers {
  insisting: MysqlServer;
  expired: MysqlServer;
  plain: MysqlServer;
  elsewhere: RecordingProxy;
}

interface Refusal {
  what: string;
  server?: keyof Servers;
  host?: string;
  tls: Record<string, string>;
  class?: string;
  message: RegExp;
  hint: RegExp;
}

const notVouchedFor = {
  message: /is not signed by the authorities of tls\.ca\.$/,
  hint: /Set tls\.ca to `rds`, `system` or the PEM file .* The password was not sent\.$/,
};
const refusals: readonly Refusal[] = [
  { what: 'an authority that did not sign it', tls: { ca: './stranger.pem' }, ...notVouchedFor },
  { what: 'the public authorities, by default', tls: {}, ...notVouchedFor },
  { what: 'the authorities of RDS', tls: { ca: 'rds' }, ...notVouchedFor },
  {
    what: 'another host name',
    server: 'elsewhere',
    host: OTHER_HOST,
    tls: { ca: './ca.pem' },
    message: /^The certificate of the source at 127\.0\.0\.2:\d+ is for another host name\.$/,
    hint: /^Use the name in the certificate as `host`\. The password was not sent\.$/,
  },
  {
    what: 'the address for which the client compares no name',
    host: '127.0.0.1',
    tls: { ca: './ca.pem' },
    message: /cannot be verified: DuckDB's client compares no host name for this address/,
    hint: /^Use the name in the certificate as `host`/,
  },
  {
    what: 'an expired certificate',
    server: 'expired',
    tls: { ca: './ca.pem' },
    message: /has expired, or is not valid yet/,
    hint: /^Renew it on the server.* The password was not sent\.$/,
  },
  {
    what: 'a server without TLS',
    server: 'plain',
    tls: { ca: './ca.pem' },
    message: /does not support TLS, but tls\.mode requires it/,
    hint: /^Enable TLS on the server/,
  },
];

describe.each([
  {
    flavor: 'mariadb',
    // It does not say why.
    insists: { class: 'AuthError', message: /refused the login of user "ferry"/, hint: /requires TLS/ },
  },
  {
    flavor: 'mysql',
    insists: { message: /requires TLS, but tls\.mode is disable/, hint: /verify-full/ },
  },
] as const)('TLS to $flavor', ({ flavor, insists }) => {
  let servers: Servers;
  beforeAll(async () => {
    const [insisting, expired, plain] = await Promise.all([
      startMysql({ flavor, tls: certificates.server, settings: { require_secure_transport: 'ON' } }),
      startMysql({ flavor, tls: certificates.old }),
      startMysql({ flavor }),
    ]);
    const elsewhere = await startRecordingProxy(insisting, { host: OTHER_HOST });
    servers = { insisting, expired, plain, elsewhere };
  }, 300_000);
  afterAll(() => Promise.all(Object.values(servers).map((server) => server.stop())));

  const connect = (
    { server = 'insisting', host = 'localhost', tls }: Pick<Refusal, 'server' | 'host' | 'tls'>,
    environment: Record<string, string> = {},
  ) => {
    const { port } = servers[server];
    return ferry.run({
      source: { type: 'mysql', host, port, database: 'ferry', tls },
      login: { username: 'ferry', password: 'ferry' },
      // No row, and so an error, from any other server.
      query: `SELECT 1 AS one FROM DUAL WHERE @@port = ${port}`,
      environment,
    });
  };

  it.each([[{ ca: './ca.pem' }], [{ mode: 'verify-full', ca: './ca.pem' }]])(
    'connects with %j',
    async (tls) => {
      expect(await connect({ tls })).toMatchObject({ exitCode: 0, rows: 1 });
    },
  );

  it.each([
    ...refusals,
    { what: 'no encryption, on which the server insists', tls: { mode: 'disable' }, ...insists },
  ])('refuses $what', async ({ class: name = 'ConfigError', message, hint, ...target }: Refusal) => {
    const result = await connect(target);
    expect(result.error).toMatchObject({
      class: name,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(result.exitCode).toBe(name === 'ConfigError' ? 2 : 1);
  });

  it('is not switched off by the client’s variable for that', async () => {
    const environment = { MARIADB_TLS_DISABLE_PEER_VERIFICATION: '1' };
    const result = await connect({ tls: { ca: './stranger.pem' } }, environment);
    expect(result.error?.message).toMatch(notVouchedFor.message);
  });

  it('takes localhost for a host with ports, not for a socket in its file system', async () => {
    const { plain } = servers;
    await plain.query(
      "CREATE USER ferry@localhost IDENTIFIED BY 'ferry'; GRANT ALL ON *.* TO ferry@localhost",
    );
    // Where the client looks for the socket.
    const environment = { MYSQL_UNIX_PORT: join(plain.dataFolder, '..', 'socket') };
    const result = await connect({ server: 'expired', tls: { mode: 'disable' } }, environment);
    expect(result).toMatchObject({ exitCode: 0, rows: 1 });
  });
});

describe('the TLS settings of a mysql source', () => {
  const validate = async (tls: string) => {
    await writeFile(
      join(ferry.folder, 'ferry.yaml'),
      `version: 1\nsources:\n  erp:\n    type: mysql\n    host: h\n    auth: { type: password, secret: erp }\n    tls: ${tls}\n`,
    );
    return runFerry(['validate'], { folder: ferry.folder });
  };

  it.each(['verify-ca', 'require'])('have no mode %s', async (mode) => {
    const { exitCode, stderr } = await validate(`{ mode: ${mode} }`);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('ferry.yaml is not valid (1 problem):\n  line 7, sources.erp.tls.mode: ');
    expect(stderr).toContain(
      `"${mode}": expected verify-full or disable: MySQL and MariaDB support nothing in between`,
    );
  });

  it.each([
    ['./ferry.yaml', /sources\.erp\.tls\.ca: .*ferry\.yaml contains no certificate/],
    ['./nix.pem', /nix\.pem does not exist/],
  ])('refuse %s as a certificate', async (ca, message) => {
    const { exitCode, stderr } = await validate(`{ ca: ${ca} }`);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});
