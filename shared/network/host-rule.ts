import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { ConfigError } from '../errors.ts';
import { printable } from '../text/printable.ts';
import { shorten } from '../text/shorten.ts';

/** To which hosts a caller may have Ferry connect. */
export interface HostRule {
  /**
   * @param host a name or an address, before anything is resolved
   * @throws RefusedHostError for an address that is not allowed
   */
  assertHost(host: string): void;
  /**
   * Resolves names, and leaves out the addresses that are not allowed: for `lookup` of net.connect(). The connection
   * must then be made to the address that it has found, because a second look-up may have another answer. Fails with a
   * RefusedHostError if nothing is left; and also if a name that is not allowed by itself cannot be resolved, so that
   * nobody learns which names exist.
   */
  lookup: LookupFunction;
  /**
   * Resolves a host, as before a connection.
   *
   * @throws RefusedHostError when it may not be connected to; a name that does not exist is no refusal
   */
  assertAllowed(host: string): Promise<void>;
}

/** Resolves a name to all its addresses, as dns.lookup does. */
export type Lookup = (
  host: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** A caller asked for a connection to a host that the operator has not allowed. */
export class RefusedHostError extends ConfigError {}

type Network = ReturnType<typeof ipaddr.parseCIDR>;

// What a cloud answers its own machines at, apart from link-local addresses: AWS (IPv6), Google (IPv6), Alibaba, Azure,
// Oracle. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
const METADATA = [
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
];
const metadata = METADATA.map((network) => ipaddr.parseCIDR(network));
// The only part of IPv6 that is given out for public addresses. The library calls public whatever it has no other word
// for, such as ::a9fe:a9fe, an old form of 169.254.169.254.
const publicIpv6 = [ipaddr.parseCIDR('2000::/3')];
const oldMapped = [ipaddr.parseCIDR('::/96')];

// Ranges in which no database is. The last ones contain an IPv4 address, which may be in any of these.
const NEVER = new Set([
  'unspecified',
  'broadcast',
  'multicast',
  'linkLocal',
  'reserved',
  '6to4',
  'teredo',
  'rfc6052',
  'rfc6145',
]);

/**
 * Reads a list of names, of patterns such as `*.example.org`, of addresses and networks. A name allows only public
 * addresses: a name in a private network also needs the network, because the owner of a name decides what it
 * resolves to.
 *
 * @param list separated by commas or white space
 * @param setting what to correct
 * @param options.lookup @default the system's
 * @throws ConfigError for an entry that is none of these
 */
export function parseHostRule(
  list: string,
  setting: string,
  { lookup = systemLookup as unknown as Lookup }: { lookup?: Lookup } = {},
): HostRule {
  const networks: Network[] = [];
  const names: RegExp[] = [];
  for (const entry of list.split(/[\s,]+/).filter((part) => part !== '')) {
    const network = networkOf(entry);
    const name = nameOf(entry);
    if (network) networks.push(network);
    else if (name) names.push(name);
    else
      throw new ConfigError(
        `${setting}: "${printable(shorten(entry))}" is not a name, an address or a network.`,
        { hint: 'Expected, for example: db.example.org, *.example.org, 10.0.0.0/8.' },
      );
  }
  const isNamed = (host: string) => names.some((name) => name.test(host));
  const isAllowed = (host: string, address: string) => {
    const parsed = ipaddr.process(address);
    const range = parsed.range();
    if (NEVER.has(range) || isIn(parsed, metadata)) return false;
    if (range !== 'loopback' && isIn(parsed, oldMapped)) return false;
    return isIn(parsed, networks) || (range === 'unicast' && isPublic(parsed) && isNamed(host));
  };
  const rule: Omit<HostRule, 'assertAllowed'> = {
    assertHost(host) {
      if (isIP(host) !== 0 && !(ipaddr.isValid(host) && isAllowed(host, host))) throw refused(host, setting);
    },
    lookup(host, options, callback) {
      lookup(host, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(isNamed(host) ? error : refused(host, setting), []);
        const allowed = addresses.filter(({ address }) => isAllowed(host, address));
        const [first] = allowed;
        if (!first) return callback(refused(host, setting), []);
        return options.all ? callback(null, allowed) : callback(null, first.address, first.family);
      });
    },
  };
  return {
    ...rule,
    async assertAllowed(host) {
      rule.assertHost(host);
      if (isIP(host) !== 0) return;
      await new Promise<void>((resolve, reject) => {
        rule.lookup(host, { all: true }, (error) =>
          error instanceof RefusedHostError ? reject(error) : resolve(),
        );
      });
    },
  };
}

function networkOf(entry: string): Network | undefined {
  try {
    if (isIP(entry) !== 0) return ipaddr.parseCIDR(`${entry}/${isIP(entry) === 4 ? 32 : 128}`);
    // Only the usual form: `010.0.0.0/8` would be read as octal.
    return isIP(entry.replace(/\/\d+$/, '')) === 0 ? undefined : ipaddr.parseCIDR(entry);
  } catch {
    return undefined;
  }
}

function nameOf(entry: string): RegExp | undefined {
  // A name whose last part is a number is another form of an address.
  if (!/^(\*\.)?[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*$/u.test(entry) || /(^|\.)(\d+|0x[\da-f]*)$/i.test(entry))
    return undefined;
  const [, wild, rest = ''] = /^(\*\.)?(.*)$/.exec(entry) ?? [];
  const literal = rest.replaceAll('.', String.raw`\.`);
  return new RegExp(wild === undefined ? `^${literal}$` : `^(?:[^.]+\\.)+${literal}$`, 'iu');
}

const isPublic = (address: ipaddr.IPv4 | ipaddr.IPv6) =>
  address.kind() === 'ipv4' || isIn(address, publicIpv6);

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, networks: readonly Network[]): boolean {
  const kind = address.kind();
  const same = networks.filter(([network]) => network.kind() === kind);
  return ipaddr.subnetMatch(address, { found: same }, 'none') === 'found';
}

function refused(host: string, setting: string): RefusedHostError {
  return new RefusedHostError(
    `Ferry may not connect to the host "${printable(shorten(host))}" for callers of its API.`,
    {
      hint: `Whoever runs Ferry allows hosts with ${setting}; a name in a private network also needs its network there.`,
    },
  );
}
