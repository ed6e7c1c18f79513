import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { isIP } from 'node:net';

/** The addresses of each name, or those of each look-up, of which the last one stays. */
export type Names = Readonly<Record<string, readonly (readonly string[])[]>>;

/** What this process's names resolve to, instead of what the network says. */
export interface Resolver extends Disposable {
  /** How often each name was looked up since the last {@link resolve}. */
  readonly asked: Map<string, number>;
  /** From now on there are these names, and `localhost`. */
  resolve(names: Names): void;
}

/** Answers this process's look-ups; what begins later may keep the function, so it comes before what is tested. */
export function startResolver(): Resolver {
  let names: Names = {};
  const asked = new Map<string, number>();
  const answer = (name: string): { address: string; family: number }[] => {
    const host = name.toLowerCase().replace(/\.$/, '');
    if (isIP(host)) return [{ address: host, family: isIP(host) }];
    if (host === 'localhost') return [{ address: '127.0.0.1', family: 4 }];
    const answers = names[host];
    const count = asked.get(host) ?? 0;
    asked.set(host, count + 1);
    const found = answers?.[Math.min(count, answers.length - 1)];
    if (found === undefined)
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', hostname: name });
    return found.map((address) => ({ address, family: isIP(address) }));
  };
  const lookup = (name: string, ...rest: unknown[]): void => {
    const callback = rest.at(-1) as (error: unknown, ...found: unknown[]) => void;
    const all = typeof rest[0] === 'object' && (rest[0] as { all?: boolean } | null)?.all === true;
    process.nextTick(() => {
      try {
        const found = answer(name);
        if (all) callback(null, found);
        else callback(null, found[0]?.address, found[0]?.family);
      } catch (error) {
        callback(error);
      }
    });
  };
  const promised = async (name: string, options?: { all?: boolean }) => {
    const found = answer(name);
    return options?.all ? found : found[0];
  };
  const family =
    (version: number) =>
    async (name: string): Promise<string[]> =>
      answer(name).flatMap((found) => (found.family === version ? [found.address] : []));
  const before = { lookup: dns.lookup, promises: { ...dns.promises } };
  Object.assign(dns, { lookup });
  Object.assign(dns.promises, { lookup: promised, resolve4: family(4), resolve6: family(6) });
  syncBuiltinESMExports();
  return {
    asked,
    resolve(wanted) {
      names = wanted;
      asked.clear();
    },
    [Symbol.dispose]() {
      Object.assign(dns, { lookup: before.lookup });
      const { lookup: right, resolve4, resolve6 } = before.promises;
      Object.assign(dns.promises, { lookup: right, resolve4, resolve6 });
      syncBuiltinESMExports();
    },
  };
}
