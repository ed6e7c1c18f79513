import { describe, expect, it } from 'vitest';
import { ferryConfigSchema, type SourceConfig } from '../../../shared/config/schema.ts';
import { resolveLogin } from '../../../shared/source/credentials.ts';
import { identityWith, KEYS } from '../../support/token-sources.ts';

const source = (auth: Record<string, unknown>, fields: Record<string, unknown> = {}) =>
  ferryConfigSchema.parse({ version: 1, sources: { erp: { type: 'postgres', auth, ...fields } } }).sources
    .erp as SourceConfig;
const resolve = (from: SourceConfig, secret: unknown) =>
  resolveLogin(
    'erp',
    from,
    {
      read: async () => (typeof secret === 'string' ? secret : JSON.stringify(secret)),
      identity: identityWith(KEYS),
    },
    5432,
  );
const iamUser = { type: 'iam-user', username: 'ferry', secret: 'ferry/aws' };
const password = { type: 'password', secret: 'ferry/erp' };
const HOST = 'erp.abc.eu-central-1.rds.amazonaws.com';

describe('a login', () => {
  it('with keys has its address from their secret, where the source does not say it', async () => {
    const login = await resolve(source(iamUser), { ...KEYS, host: HOST, port: '6543', dbname: 'erp' });
    expect(login).toMatchObject({ host: HOST, port: 6543, database: 'erp', username: 'ferry' });
    const token = await (login.password as () => Promise<string>)();
    expect(token).toMatch(new RegExp(`^${HOST}:6543/\\?Action=connect&DBUser=ferry&`));
    expect(token).toContain(`${KEYS.accessKeyId}%2F`);
    expect(token).toContain('%2Feu-central-1%2Frds-db%2F');
  });

  it.each<[string, Record<string, unknown>, unknown, RegExp]>([
    ['not JSON', password, 'Geheim4711', /^The secret ferry\/erp is not JSON\.$/],
    [
      'a password without a name',
      password,
      { password: 'Geheim4711' },
      /layout of RDS \(wrong or missing: username\)/,
    ],
    ['a list', password, ['Geheim4711'], /\(wrong or missing: the whole\)/],
    ['keys that are not JSON', iamUser, 'Geheim4711', /^The secret ferry\/aws is not JSON\.$/],
    [
      'half a key pair',
      iamUser,
      { accessKeyId: 'Geheim4711' },
      /not an access key pair of AWS \(wrong or missing: secretAccessKey\)/,
    ],
    [
      'the layout of RDS',
      iamUser,
      { username: 'u', password: 'Geheim4711' },
      /wrong or missing: accessKeyId, secretAccessKey/,
    ],
    [
      'a session without its token',
      iamUser,
      { accessKeyId: 'ASIAGeheim4711', secretAccessKey: 'x' },
      /^The secret ferry\/aws holds an access key of a session \(ASIA…\), and its sessionToken is missing\.$/,
    ],
    [
      'no host',
      iamUser,
      { ...KEYS, dbname: 'd' },
      /no host: neither sources\.erp\.host nor the secret ferry\/aws says it/,
    ],
    [
      'a host without a region',
      iamUser,
      { ...KEYS, host: 'db.example', dbname: 'd' },
      /no region, and its host name tells none/,
    ],
  ])('cannot be had of a secret with %s', async (_what, auth, secret, message) => {
    const error = await resolve(source(auth), secret).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ class: 'ConfigError', message: expect.stringMatching(message) });
    const { message: said, hint = '', cause } = error as Error & { hint?: string };
    expect(`${said}${hint}${cause}`).not.toContain('Geheim4711');
  });
});
