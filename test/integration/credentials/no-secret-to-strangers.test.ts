import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FerryFolder, setUpFerryFolder } from '../../support/cli/ferry-folder.ts';
import { type Certificate, makeCertificates } from '../../support/network/certificates.ts';
import { type Impostor, type ImpostorOptions, startImpostor } from '../../support/network/impostor.ts';
import { startRecordingProxy } from '../../support/network/recording-proxy.ts';
import { startMysql } from '../../support/servers/mysql-server.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';

const LOGIN = { username: 'leser', password: 'Ein_Geheimnis-4711' };

let ferry: FerryFolder;
let certificates: Record<'right' | 'otherName' | 'old' | 'stranger', Certificate>;
beforeAll(async () => {
  ferry = await setUpFerryFolder();
  const ours = await makeCertificates({
    right: { hosts: ['localhost'], days: 30 },
    otherName: { hosts: ['db.example.org'], days: 30 },
    old: { hosts: ['localhost'], days: -1 },
  });
  const theirs = await makeCertificates({ stranger: { hosts: ['localhost'], days: 30 } });
  certificates = { ...ours, ...theirs };
  await writeFile(join(ferry.folder, 'ca.pem'), ours.authority.cert);
});
afterAll(() => ferry[Symbol.asyncDispose]());

// Signed by the process's own keys, so that there is something to send.
const TOKEN = {
  type: 'iam',
  username: LOGIN.username,
  resourceId: 'db-ABCDEFGHIJKL01234',
  region: 'eu-central-1',
};
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAEINGEHEIMNIS', AWS_SECRET_ACCESS_KEY: 'geheim' };

const connect = (
  type: ImpostorOptions['kind'],
  { port }: { port: number },
  tls: Record<string, string>,
  login = LOGIN,
  auth?: typeof TOKEN,
) =>
  ferry.run({
    source: {
      type,
      host: 'localhost',
      port,
      database: type === 'mysql' ? 'ferry' : 'postgres',
      tls,
      ...(auth && { auth }),
    },
    login,
    // Nobody answers there, so that nobody is asked why a token was refused.
    ...(auth && { environment: { ...KEYS, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' } }),
  });

/** Runs a sync against an impostor, and returns what that got. */
async function visit(
  options: ImpostorOptions,
  tls: Record<string, string>,
  auth?: typeof TOKEN,
): Promise<[Impostor, { message: string }]> {
  await using impostor = await startImpostor(options);
  const { error } = await connect(options.kind, impostor, tls, LOGIN, auth);
  if (!error) throw new Error('The impostor was taken for a database.');
  return [impostor, error];
}

describe.each([
  // How long the client's wish for TLS is, which is all that it may send before the server has proved who it is.
  {
    kind: 'postgres',
    wishForTls: 8,
    withoutTls: 8,
    what: 'password',
    auth: undefined,
    secret: LOGIN.password,
  },
  { kind: 'mysql', wishForTls: 36, withoutTls: 0, what: 'password', auth: undefined, secret: LOGIN.password },
  { kind: 'postgres', wishForTls: 8, withoutTls: 8, what: 'token', auth: TOKEN, secret: 'X-Amz-Signature=' },
  { kind: 'mysql', wishForTls: 36, withoutTls: 0, what: 'token', auth: TOKEN, secret: 'X-Amz-Signature=' },
] as const)(
  'a $kind server that asks for the $what in plain text',
  ({ kind, wishForTls, withoutTls, auth, secret }) => {
    it('gets it when its certificate is valid, so these tests would notice a leak', async () => {
      const [{ plain, decrypted }, error] = await visit(
        { kind, certificate: certificates.right },
        { ca: './ca.pem' },
        auth,
      );
      expect(plain).toHaveLength(wishForTls);
      expect(decrypted.includes(LOGIN.username)).toBe(true);
      expect(decrypted.includes(secret)).toBe(true);
      expect(error.message).toMatch(/refused the login/);
    });

    it.each([
      ['of another authority', 'stranger', { ca: './ca.pem' }],
      ['of no public authority', 'right', {}],
      ['of no authority of RDS', 'right', { ca: 'rds' }],
      ['for another name', 'otherName', { ca: './ca.pem' }],
      ['that has expired', 'old', { ca: './ca.pem' }],
    ] as const)('gets nothing with a certificate %s', async (_what, name, tls) => {
      const [{ plain, decrypted }, error] = await visit({ kind, certificate: certificates[name] }, tls, auth);
      expect(plain).toHaveLength(wishForTls);
      expect(decrypted).toHaveLength(0);
      expect(error.message).toMatch(/^The certificate of the source at localhost:\d+ /);
    });

    it('gets nothing without TLS', async () => {
      const [{ plain }, error] = await visit({ kind }, { ca: './ca.pem' }, auth);
      expect(plain).toHaveLength(withoutTls);
      expect(error.message).toMatch(/does not support TLS/);
    });
  },
);

describe('without TLS, as with tls.mode: disable', () => {
  // To a server that asks for it later the client sends it: nothing but TLS protects from that.
  it('a mysql server whose greeting asks for plain text does not get the password', async () => {
    const [{ plain }, error] = await visit({ kind: 'mysql', asks: 'in greeting' }, { mode: 'disable' });
    expect(error).toMatchObject({
      class: 'ConfigError',
      message: expect.stringMatching(/asks for passwords in plain text, but the connection is unencrypted/),
      hint: expect.stringMatching(/verify-full.* The password was not sent\.$/),
    });
    expect(plain).toHaveLength(0);
  });

  it.each(['mariadb', 'mysql'] as const)(
    '%s gets a proof of the password',
    async (flavor) => {
      await using server = await startMysql({ flavor, password: LOGIN.password });
      await using proxy = await startRecordingProxy(server);
      const login = { ...LOGIN, username: server.user };
      // MySQL's first login of a user sends the password, encrypted with the server's key.
      for (const _attempt of ['first', 'second']) {
        expect(await connect('mysql', proxy, { mode: 'disable' }, login)).toMatchObject({ exitCode: 0 });
      }
      const sent = Buffer.concat([...proxy.connections]);
      expect(sent.includes(server.user)).toBe(true);
      expect(sent.includes(LOGIN.password)).toBe(false);
    },
    300_000,
  );

  it('Postgres gets a proof of the password', async () => {
    await using server = await startPostgres({ password: LOGIN.password });
    await using proxy = await startRecordingProxy(server);
    const login = { ...LOGIN, username: server.user };
    expect(await connect('postgres', proxy, { mode: 'disable' }, login)).toMatchObject({ exitCode: 0 });
    const sent = Buffer.concat([...proxy.connections]);
    expect(sent.includes('SCRAM-SHA-256')).toBe(true);
    expect(sent.includes(LOGIN.password)).toBe(false);
  });
});
