import { describe, expect, it } from 'vitest';
import { ferryConfigSchema, type SourceConfig } from '../../../../shared/config/schema/ferry-config.ts';
import type { ConfigError } from '../../../../shared/errors.ts';
import { resolveLogin } from '../../../../shared/source/credentials/credentials.ts';
import { createLocalSecretReader, parseSecretsFile } from '../../../../shared/source/credentials/secrets.ts';
import { identityWith, KEYS } from '../../../support/source/token-sources.ts';

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
  it('with keys gets its address from their secret, if the source does not say it', async () => {
    const login = await resolve(source(iamUser), { ...KEYS, host: HOST, port: '6543', dbname: 'erp' });
    expect(login).toMatchObject({ host: HOST, port: 6543, database: 'erp', username: 'ferry' });
    const token = await (login.password as () => Promise<string>)();
    expect(token).toMatch(new RegExp(`^${HOST}:6543/\\?Action=connect&DBUser=ferry&`));
    expect(token).toContain(`${KEYS.accessKeyId}%2F`);
    expect(token).toContain('%2Feu-central-1%2Frds-db%2F');
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>, Record<string, unknown>]>([
    [
      'its address from their secret, whose port may be a text',
      {},
      { host: HOST, port: '6543', dbname: 'erp' },
      { host: HOST, port: 6543, database: 'erp' },
    ],
    [
      'the port of its kind of database, where nobody says one',
      {},
      { host: HOST, dbname: 'erp' },
      { host: HOST, port: 5432, database: 'erp' },
    ],
    [
      'its address from the source, whatever the secret says',
      { host: 'replica.example.org', port: 6432, database: 'reports' },
      { host: HOST, port: 6543, dbname: 'erp' },
      { host: 'replica.example.org', port: 6432, database: 'reports' },
    ],
    [
      'from the source what it says, and from the secret what it leaves open',
      { host: 'replica.example.org' },
      { host: HOST, port: 6543, dbname: 'erp' },
      { host: 'replica.example.org', port: 6543, database: 'erp' },
    ],
  ])('with a password has %s', async (_what, fields, said, address) => {
    const secret = { username: 'leser', password: 'Geheim4711', engine: 'postgres', ...said };
    expect(await resolve(source(password, fields), secret)).toMatchObject({
      ...address,
      username: 'leser',
      password: 'Geheim4711',
    });
  });

  it.each<[string, Record<string, unknown>, unknown, RegExp]>([
    ['not JSON', password, 'Geheim4711', /^The secret ferry\/erp is not JSON\.$/],
    [
      'a password without a name',
      password,
      { password: 'Geheim4711' },
      /RDS layout \(wrong or missing: username\)/,
    ],
    [
      'a password and no host',
      password,
      { username: 'u', password: 'Geheim4711', dbname: 'd' },
      /^The source erp has no host: neither sources\.erp\.host nor the secret ferry\/erp sets it\.$/,
    ],
    [
      'a password and no database',
      password,
      { username: 'u', password: 'Geheim4711', host: HOST },
      /^The source erp has no database: neither sources\.erp\.database nor the secret ferry\/erp sets it\.$/,
    ],
    [
      'an invalid port',
      password,
      { username: 'u', password: 'Geheim4711', host: HOST, port: 'Geheim4711', dbname: 'd' },
      /RDS layout \(wrong or missing: port\)/,
    ],
    ['a list', password, ['Geheim4711'], /\(wrong or missing: the whole\)/],
    ['keys that are not JSON', iamUser, 'Geheim4711', /^The secret ferry\/aws is not JSON\.$/],
    [
      'half a key pair',
      iamUser,
      { accessKeyId: 'Geheim4711' },
      /not an AWS access key pair \(wrong or missing: secretAccessKey\)/,
    ],
    [
      'the RDS layout',
      iamUser,
      { username: 'u', password: 'Geheim4711' },
      /wrong or missing: accessKeyId, secretAccessKey/,
    ],
    [
      'a session without its token',
      iamUser,
      { accessKeyId: 'ASIAGeheim4711', secretAccessKey: 'x' },
      /^The secret ferry\/aws contains a temporary access key \(ASIA…\) without its sessionToken\.$/,
    ],
    [
      'no host',
      iamUser,
      { ...KEYS, dbname: 'd' },
      /no host: neither sources\.erp\.host nor the secret ferry\/aws sets it/,
    ],
    [
      'a host without a region',
      iamUser,
      { ...KEYS, host: 'db.example', dbname: 'd' },
      /no region, and its host name does not contain one/,
    ],
  ])('cannot be made from a secret with %s', async (_what, auth, secret, message) => {
    const error = await resolve(source(auth), secret).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ class: 'ConfigError', message: expect.stringMatching(message) });
    const { message: said, hint = '', cause } = error as Error & { hint?: string };
    expect(`${said}${hint}${cause}`).not.toContain('Geheim4711');
  });
});

it.each(['__proto__', 'constructor', 'toString'])(
  'a secret called %s is read from the file, and from there only',
  async (name) => {
    const reader = (text: string) =>
      createLocalSecretReader({ values: parseSecretsFile(text, 'secrets.json'), environment: {} });
    expect(await reader(`{"${name}": "pak_1", "other": {"username": "a"}}`).read(name)).toBe('pak_1');
    await expect(reader('{"other": "x"}').read(name)).rejects.toThrow(
      `The secret ${name} was not found on this machine.`,
    );
    expect(() => parseSecretsFile(`{"${name}": 7}`, 'secrets.json')).toThrow(
      'is not a JSON object of secret names',
    );
  },
);

describe('a file of secrets', () => {
  it('may begin with the byte order mark of Windows', () => {
    expect(parseSecretsFile('\ufeff{"a": "pak_1"}', 's.json').get('a')).toBe('pak_1');
  });

  it.each([
    [
      '{"ferry/erp": {"password": "GEHEIM",}}',
      's.json is not valid JSON: line 1, column 36: a comma in front of }',
    ],
    [
      Buffer.from('\ufeff{"a": "GEHEIM"}', 'utf16le').toString(),
      's.json is not valid JSON: it is not in UTF-8',
    ],
    [Buffer.from('{"a": "GEHEIM"}', 'utf16le').toString(), 's.json is not valid JSON: it is not in UTF-8'],
    ['', 's.json is not valid JSON: line 1, column 1: the file is empty'],
  ])('says where it stops being JSON, and holds nothing of it: %s', (text, message) => {
    const read = () => parseSecretsFile(text, 's.json');
    expect(read).toThrow(message);
    expect(read).not.toThrow('GEHEIM');
  });

  it.each([
    ['{"ferry/epr": "pak_1"}', 'The file of --secrets has "ferry/epr": is that the one?'],
    ['{"ferry": {"erp": "pak_1"}}', 'write "ferry/erp": … instead of "ferry": {"erp": …}.'],
    ['{"other": "pak_1"}', /^Put it into/],
    // Another secret, and not one with a slip in its name.
    ['{"ferry/erp-2": "pak_1"}', /^Put it into/],
  ])('names the secret that may be meant: %s', async (text, hint) => {
    const reader = createLocalSecretReader({ values: parseSecretsFile(text, 's.json'), environment: {} });
    const error = await reader.read('ferry/erp').catch((thrown: unknown) => thrown as ConfigError);
    expect((error as ConfigError).hint).toEqual(
      typeof hint === 'string' ? expect.stringContaining(hint) : expect.stringMatching(hint),
    );
    expect((error as ConfigError).hint).not.toContain('pak_1');
  });
});
