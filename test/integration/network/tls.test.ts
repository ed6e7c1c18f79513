import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../support/network/certificates.ts';
import { type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

let setup: SyncSetup;
let expired: SyncSetup;
beforeAll(async () => {
  const certificates = await makeCertificates({
    server: { hosts: ['localhost'], days: 30 },
    old: { hosts: ['localhost'], days: -1 },
  });
  const stranger = await makeCertificates({});
  // Both refuse a connection without TLS.
  const hba = ['hostnossl all all all reject'];
  [setup, expired] = await Promise.all([
    setUpSync({ tls: certificates.server, hba }),
    setUpSync({ tls: certificates.old, hba }),
  ]);
  for (const { folder, postgres } of [setup, expired]) {
    await writeFile(join(folder, 'ca.pem'), certificates.authority.cert);
    await writeFile(join(folder, 'stranger.pem'), stranger.authority.cert);
    await postgres.query('CREATE TABLE orders AS SELECT 1 AS id');
  }
});
afterAll(async () => {
  await setup[Symbol.asyncDispose]();
  await expired[Symbol.asyncDispose]();
});

const run = (host: string, tls: Record<string, string>, on = setup) => on.run({}, { source: { host, tls } });

describe('TLS to the source', () => {
  it.each([
    ['localhost', { ca: './ca.pem' }],
    ['localhost', { mode: 'verify-full', ca: './ca.pem' }],
    ['127.0.0.1', { mode: 'verify-ca', ca: './ca.pem' }],
    ['127.0.0.1', { mode: 'require' }],
  ])('connects to %s with %j', async (host, tls) => {
    expect(await run(host, tls)).toMatchObject({ exitCode: 0, leftovers: [] });
  });

  it.each([
    [
      'an authority that did not sign it',
      'localhost',
      { mode: 'verify-full', ca: './stranger.pem' },
      /not signed by the authorities/,
    ],
    ['the public authorities, by default', 'localhost', {}, /not signed by the authorities/],
    ['the authorities of RDS', 'localhost', { ca: 'rds' }, /not signed by the authorities/],
    [
      'another authority in verify-ca',
      '127.0.0.1',
      { mode: 'verify-ca', ca: './stranger.pem' },
      /not signed by the authorities/,
    ],
    ['another host name', '127.0.0.1', { mode: 'verify-full', ca: './ca.pem' }, /is for another host name/],
    ['no encryption, which the server refuses', '127.0.0.1', { mode: 'disable' }, /denies user/],
    ['a file that is no certificate', 'localhost', { ca: './ferry.yaml' }, /contains no certificate/],
    ['a file that does not exist', 'localhost', { ca: './nix.pem' }, /nix\.pem does not exist/],
  ])('refuses %s', async (_what, host, tls, message) => {
    const result = await run(host, tls as Record<string, string>);
    expect(result.stderr).toMatch(message);
    expect(result.exitCode).not.toBe(0);
    expect(result.leftovers).toEqual([]);
  });

  it('refuses a certificate that has expired', async () => {
    const result = await run('localhost', { ca: './ca.pem' }, expired);
    expect(result.stderr).toMatch(/not signed by the authorities of tls\.ca, or has expired/);
  });
});
