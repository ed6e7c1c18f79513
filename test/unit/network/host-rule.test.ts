import { describe, expect, it } from 'vitest';
import { type Lookup, parseHostRule, RefusedHostError } from '../../../shared/network/host-rule.ts';

/** A resolver that knows these names, each with the answers to one look-up after another. */
const resolver =
  (names: Record<string, string[][]>): Lookup =>
  (host, _options, callback) => {
    const answers = names[host];
    const found = answers && (answers.length > 1 ? answers.shift() : answers[0]);
    if (found)
      callback(
        null,
        found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    else callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), []);
  };

const rule = (list: string, names: Record<string, string[][]> = {}) =>
  parseHostRule(list, '--allow-hosts', { lookup: resolver(names) });

/** The addresses of a name that may be used, or how that ended. */
const resolved = (list: string, host: string, names: Record<string, string[][]>) =>
  new Promise<string>((resolve) => {
    rule(list, names).lookup(host, { all: true }, (error, addresses) => {
      if (error)
        resolve(error instanceof RefusedHostError ? 'refused' : ((error as { code?: string }).code ?? ''));
      else resolve((addresses as { address: string }[]).map(({ address }) => address).join(' '));
    });
  });

describe('an address', () => {
  it.each([
    ['10.1.2.3', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3'],
    ['127.0.0.1', '127.0.0.0/8'],
    ['::1', '::1'],
    ['fd12::5', 'fd00::/8'],
    ['8.8.8.8', '0.0.0.0/0'],
    ['2600::1', '2600::/16, 10.0.0.0/8'],
  ])('%s is allowed by %s', (host, list) => {
    expect(() => rule(list).assertHost(host)).not.toThrow();
  });

  it.each([
    ['10.1.2.3', ''],
    ['10.1.2.3', '10.2.0.0/16'],
    ['10.1.2.3', '*.example.org'],
    ['127.0.0.1', '10.0.0.0/8'],
    ['8.8.8.8', '10.0.0.0/8'],
    // Whatever is allowed.
    ['169.254.169.254', '0.0.0.0/0, 169.254.169.254'],
    ['169.254.170.2', '0.0.0.0/0'],
    ['0.0.0.0', '0.0.0.0/0'],
    ['224.0.0.1', '0.0.0.0/0'],
    ['255.255.255.255', '0.0.0.0/0'],
    ['100.100.100.200', '0.0.0.0/0'],
    ['168.63.129.16', '0.0.0.0/0'],
    ['::', '::/0'],
    ['fe80::1', '::/0'],
    ['fd00:ec2::254', '::/0'],
    ['fd20:ce::254', '::/0'],
    ['::ffff:169.254.169.254', '::/0, 0.0.0.0/0'],
    ['::ffff:a9fe:a9fe', '::/0, 0.0.0.0/0'],
    ['64:ff9b::a9fe:a9fe', '::/0, 0.0.0.0/0'],
    ['2002:a9fe:a9fe::', '::/0'],
    // The same in the form that nobody uses any more.
    ['::a9fe:a9fe', '::/0, 0.0.0.0/0'],
    ['::7f00:1', '::/0, 127.0.0.0/8'],
    // Allowed by its embedded address, not by the form.
    ['::ffff:10.1.2.3', '::/0'],
  ])('%s is refused with "%s"', (host, list) => {
    expect(() => rule(list).assertHost(host)).toThrow(RefusedHostError);
  });
});

describe('a name', () => {
  it.each([
    ['db.example.org', 'db.example.org', [['8.8.8.8']], '8.8.8.8'],
    ['DB.example.org', 'db.Example.org', [['8.8.8.8']], '8.8.8.8'],
    ['a.b.example.org', '*.example.org', [['2600::1']], '2600::1'],
    ['db.example.org', '10.0.0.0/8', [['10.1.2.3']], '10.1.2.3'],
    ['db.example.org', 'db.example.org 10.0.0.0/8', [['10.1.2.3', '8.8.8.8']], '10.1.2.3 8.8.8.8'],
    // The private one of two answers is left out.
    ['db.example.org', 'db.example.org', [['10.1.2.3', '8.8.8.8']], '8.8.8.8'],
    ['db.example.org', 'db.example.org', [['10.1.2.3']], 'refused'],
    ['db.example.org', 'db.example.org', [['127.0.0.1']], 'refused'],
    ['db.example.org', '*.example.org, 0.0.0.0/0', [['169.254.169.254']], 'refused'],
    // No network has these; the library calls them public.
    ['db.example.org', 'db.example.org', [['::a9fe:a9fe']], 'refused'],
    ['db.example.org', 'db.example.org', [['::5efe:a00:1']], 'refused'],
    ['db.example.org', 'db.example.org', [['4000::1']], 'refused'],
    ['example.org', '*.example.org', [['8.8.8.8']], 'refused'],
    ['db.example.org.evil.test', 'db.example.org', [['8.8.8.8']], 'refused'],
    ['evil-example.org', '*.example.org', [['8.8.8.8']], 'refused'],
    ['dbxexample.org', 'db.example.org', [['8.8.8.8']], 'refused'],
    ['2130706433', '*.example.org', [['127.0.0.1']], 'refused'],
  ])('%s with "%s" and %j: %s', async (host, list, answers, expected) => {
    expect(await resolved(list, host, { [host]: answers })).toBe(expected);
  });

  it('that does not exist is only told to be so where it is allowed by itself', async () => {
    expect(await resolved('*.example.org', 'gone.example.org', {})).toBe('ENOTFOUND');
    expect(await resolved('10.0.0.0/8', 'secret.internal', {})).toBe('refused');
  });
});

it.each([
  '10.0.0.0/33',
  'http://db',
  'db:5432',
  '010.0.0.1/8',
  '1.2.3',
  '0x7f000001',
  '*',
  'a..b',
  '*.*.org',
  '/8',
])('a list with %s is refused, and the entry named', (entry) => {
  expect(() => rule(`db.example.org,${entry}`)).toThrow(`--allow-hosts: "${entry}" is not`);
});
