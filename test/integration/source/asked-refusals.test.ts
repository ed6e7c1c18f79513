import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askMysqlRefusal } from '../../../shared/source/mysql/mysql-refusal.ts';
import { askPostgresRefusal } from '../../../shared/source/postgres/postgres-refusal.ts';
import { type FerryFolder, setUpFerryFolder } from '../../support/cli/ferry-folder.ts';
import { type Certificate, makeCertificates } from '../../support/network/certificates.ts';
import { startLdapServer } from '../../support/servers/ldap-server.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';

// A server whose refusal says nothing is asked once more by another client, which must be as careful as DuckDB's.

let ferry: FerryFolder;
let certificates: Record<'right' | 'otherName' | 'stranger', Certificate>;
let caFile: string;
beforeAll(async () => {
  ferry = await setUpFerryFolder();
  const ours = await makeCertificates({
    right: { hosts: ['localhost'], days: 30 },
    otherName: { hosts: ['db.example.org'], days: 30 },
  });
  const theirs = await makeCertificates({ stranger: { hosts: ['localhost'], days: 30 } });
  certificates = { ...ours, ...theirs };
  caFile = join(ferry.folder, 'ca.pem');
  await writeFile(caFile, ours.authority.cert);
});
afterAll(() => ferry[Symbol.asyncDispose]());

const login = ({ port, database }: { port: number; database: string }, host = 'localhost') => ({
  host,
  port,
  database,
  address: '127.0.0.1',
  username: 'reader',
  password: 'wrong',
});

describe('Postgres', () => {
  const start = (tls: Certificate) => startPostgres({ tls, settings: { log_connections: 'on' } });
  const attempts = async ({ logFile }: PostgresServer) =>
    (await readFile(logFile, 'utf8')).match(/password authentication failed for user "reader"/g)?.length ?? 0;

  it.each([
    ['of the right name', 'right', 'verify-full', 'localhost', true],
    ['of the right name, without a look at that', 'right', 'verify-ca', 'db.example.com', true],
    ['of another name', 'otherName', 'verify-full', 'localhost', false],
    ['of another name that does not matter', 'otherName', 'verify-ca', 'localhost', true],
    ['of the name that signHost says', 'otherName', 'verify-full', 'db.example.org', true],
    ['of another authority', 'stranger', 'verify-full', 'localhost', false],
    ['of another authority, whatever the name', 'stranger', 'verify-ca', 'localhost', false],
  ] as const)('with a certificate %s', async (_what, certificate, mode, certificateHost, isAsked) => {
    await using server = await start(certificates[certificate]);
    await server.query("CREATE ROLE reader LOGIN PASSWORD 'right'");
    const refusal = await askPostgresRefusal({ ...login(server), certificateHost }, { mode, caFile });
    if (isAsked) expect(refusal).toMatchObject({ code: '28P01 auth_failed' });
    else expect(refusal).toBeUndefined();
    // The password has not even been tried.
    expect(await attempts(server)).toBe(isAsked ? 1 : 0);
  });

  it('is not asked in plain text when it has no TLS', async () => {
    await using server = await startPostgres();
    await server.query("CREATE ROLE reader LOGIN PASSWORD 'right'");
    expect(await askPostgresRefusal(login(server), { mode: 'verify-full', caFile })).toBeUndefined();
    expect(await attempts(server)).toBe(0);
    expect(await askPostgresRefusal(login(server), { mode: 'disable', caFile: undefined })).toMatchObject({
      code: '28P01 auth_failed',
    });
  });

  it('with a directory behind it is not asked, because that may lock the account', async () => {
    let binds = 0;
    await using ldap = await startLdapServer(() => {
      binds += 1;
      return false;
    });
    await using server = await startPostgres({
      binaries: '15',
      language: 'ja',
      hba: [
        `host all reader all ldap ldapserver=127.0.0.1 ldapport=${ldap.port} ldapprefix="uid=" ldapsuffix=""`,
      ],
    });
    await server.query('CREATE ROLE reader LOGIN');
    const { error } = await ferry.run({
      source: sourceConfig(server, 'erp'),
      login: { username: 'reader', password: 'wrong' },
    });
    expect(error).toMatchObject({
      class: 'AuthError',
      message: expect.stringContaining('refused the login'),
    });
    expect(binds).toBe(1);
  });
});

describe.each(['mariadb', 'mysql'] as const)('%s', (flavor) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startMysql({ flavor, tls: certificates.right });
    await server.query("CREATE USER reader@'%' IDENTIFIED BY 'right'");
  }, 300_000);
  afterAll(() => server?.stop());

  it('is asked over TLS with the name in its certificate, and with no other', async () => {
    expect(await askMysqlRefusal(login(server), { caFile })).toMatchObject({ code: '1045' });
    expect(await askMysqlRefusal(login(server, 'db.example.org'), { caFile })).toBeUndefined();
    const strangers = join(ferry.folder, 'stranger.pem');
    await writeFile(strangers, certificates.stranger.cert);
    expect(await askMysqlRefusal(login(server), { caFile: strangers })).toBeUndefined();
  });

  it('is asked in plain text if a person chose that', async () => {
    expect(await askMysqlRefusal(login(server), { caFile: undefined })).toMatchObject({ code: '1045' });
    const right = { ...login(server), password: 'right' };
    expect(await askMysqlRefusal({ ...right, database: 'nodb' }, { caFile: undefined })).toMatchObject({
      code: '1044',
    });
  });
});

it('gives up on a service that accepts the connection and never answers', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = await Promise.all([
    askPostgresRefusal(login({ port, database: 'x' }), { mode: 'disable', caFile: undefined }),
    askMysqlRefusal(login({ port, database: 'x' }), { caFile: undefined }),
  ]);
  server.close();
  expect(asked).toEqual([undefined, undefined]);
});
