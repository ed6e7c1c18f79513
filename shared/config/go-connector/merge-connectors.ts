import type { Connector, SecretValue } from './connector.ts';
import type { FoundConnector } from './found-connector.ts';
import { chooseNames } from './names.ts';

/** What a secret must contain. */
export type MergedSecret =
  | { type: 'login'; username: SecretValue; password: SecretValue }
  | { type: 'token'; token: SecretValue };

/** Many connectors as one ferry.yaml, in its words and order, and their secrets. */
export interface MergedConnectors {
  sources: Record<string, Connector['source'] & { auth: { type: 'password'; secret: string } }>;
  polyteia: Record<string, Connector['target'] & { token: string }>;
  syncs: Record<string, Connector['sync'] & { source: string; polyteia: string }>;
  /** By the names that the other parts use for them. */
  secrets: Map<string, MergedSecret>;
  /** Where each sync was found. */
  labels: Record<string, string>;
  warnings: string[];
}

/** Keeps one of things that are the same: by a key, in the order of their first occurrence. */
class Distinct<Value> {
  readonly values: Value[] = [];
  readonly #indices = new Map<string, number>();

  /** The index of the value with this key. Adds the value if it is new. */
  add(key: unknown, value: Value): number {
    const text = JSON.stringify(key);
    const known = this.#indices.get(text);
    if (known !== undefined) return known;
    this.#indices.set(text, this.values.length);
    return this.values.push(value) - 1;
  }
}

const isAddress = (host: string) => /^[\d.]+$|:/.test(host);
/** The first part of a host's name, or the whole of an address. */
const hostLabel = (host: string) => (isAddress(host) ? host : (host.split('.')[0] ?? host));
const userLabel = (username: SecretValue) => (typeof username === 'string' ? username : username.secret);

/**
 * Merges connectors: what they have in common becomes one source, one target, one secret.
 *
 * The same host, port, database, user and password are one source; the same login at one server is one secret; the same
 * key is one secret, and with the same organization and settings one target.
 */
export function mergeConnectors(found: readonly FoundConnector[]): MergedConnectors {
  const { kept, warnings } = dropDoubles(found);
  const logins = new Distinct<Connector & { sources: Set<number> }>();
  const sources = new Distinct<Connector & { loginIndex: number }>();
  const tokens = new Distinct<{ token: SecretValue; targets: Set<number> }>();
  const targets = new Distinct<Connector & { tokenIndex: number }>();
  const parts = kept.map(({ connector }) => {
    const { source, login, token, target } = connector;
    const host = source.host.toLowerCase();
    const loginIndex = logins.add([source.type, host, source.port, login], {
      ...connector,
      sources: new Set(),
    });
    const sourceIndex = sources.add([{ ...source, host }, login], { ...connector, loginIndex });
    logins.values[loginIndex]?.sources.add(sourceIndex);
    const tokenIndex = tokens.add(token, { token, targets: new Set() });
    const targetIndex = targets.add([token, target], { ...connector, tokenIndex });
    tokens.values[tokenIndex]?.targets.add(targetIndex);
    return { sourceIndex, targetIndex };
  });

  const sourceNames = chooseNames(
    sources.values.map(({ source: { database, host, port }, login: { username } }) => {
      const server = database === hostLabel(host) ? database : `${database}-${hostLabel(host)}`;
      return [database, server, `${database}-${host}-${port}`, `${server}-${userLabel(username)}`];
    }),
    'source',
  );
  const targetNames =
    targets.values.length === 1
      ? ['default']
      : chooseNames(
          targets.values.map(({ target }) => [
            target.organization ?? hostLabel(URL.parse(target.baseUrl ?? '')?.hostname ?? 'polyteia'),
          ]),
          'polyteia',
        );
  const [loginNames, tokenNames] = nameSecrets(logins.values, tokens.values, sourceNames, targetNames);
  const jobNames = chooseNames(
    kept.map(({ names }) => names),
    'sync',
  );
  const at = (names: readonly string[], index: number) => names[index] ?? '';
  const merged: MergedConnectors = {
    sources: Object.fromEntries(
      sources.values.map(({ source, loginIndex }, index) => {
        const { tls, ...address } = source;
        return [
          at(sourceNames, index),
          { ...address, auth: { type: 'password', secret: at(loginNames, loginIndex) }, tls },
        ];
      }),
    ),
    polyteia: Object.fromEntries(
      targets.values.map(({ target, tokenIndex }, index) => [
        at(targetNames, index),
        { token: at(tokenNames, tokenIndex), ...target },
      ]),
    ),
    syncs: Object.fromEntries(
      kept.map(({ connector: { sync } }, index) => {
        const { sourceIndex = 0, targetIndex = 0 } = parts[index] ?? {};
        return [
          at(jobNames, index),
          { source: at(sourceNames, sourceIndex), ...sync, polyteia: at(targetNames, targetIndex) },
        ];
      }),
    ),
    secrets: new Map<string, MergedSecret>([
      ...logins.values.map(
        ({ login }, index) => [at(loginNames, index), { type: 'login' as const, ...login }] as const,
      ),
      ...tokens.values.map(
        ({ token }, index) => [at(tokenNames, index), { type: 'token' as const, token }] as const,
      ),
    ]),
    labels: Object.fromEntries(kept.map(({ label }, index) => [at(jobNames, index), label])),
    warnings,
  };
  merged.warnings.push(...warnOfMerged(merged, kept));
  return merged;
}

function nameSecrets(
  logins: readonly (Connector & { sources: Set<number> })[],
  tokens: readonly { targets: Set<number> }[],
  sourceNames: readonly string[],
  targetNames: readonly string[],
): [logins: string[], tokens: string[]] {
  const candidates = [
    ...logins.map(({ source: { host, port }, login: { username }, sources }) => {
      // Named after the source while it serves only one, else after the server.
      const [only = 0] = sources;
      const server = hostLabel(host);
      const own = sources.size === 1 ? [sourceNames[only] ?? ''] : [server];
      return [...own, `${server}-${userLabel(username)}`, `${host}-${port}-${userLabel(username)}`];
    }),
    ...tokens.map(({ targets }) => {
      const [first = 0] = targets;
      const target = targetNames[first] ?? '';
      return tokens.length === 1
        ? ['polyteia']
        : [target.startsWith('polyteia') ? target : `polyteia-${target}`];
    }),
  ];
  const names = chooseNames(candidates, 'secret').map((name) => `ferry/${name}`);
  return [names.slice(0, logins.length), names.slice(logins.length)];
}

/** The same deployment in two files, such as a base and its rendered version, counts once. */
function dropDoubles(found: readonly FoundConnector[]): { kept: FoundConnector[]; warnings: string[] } {
  const first = new Map<string, FoundConnector>();
  const warnings: string[] = [];
  for (const each of found) {
    const key = JSON.stringify([each.names, each.connector]);
    const known = first.get(key);
    if (known) warnings.push(`${each.label}: the same as ${known.label}, converted once`);
    else first.set(key, each);
  }
  return { kept: [...first.values()], warnings };
}

function warnOfMerged(
  { sources, syncs, labels }: MergedConnectors,
  kept: readonly FoundConnector[],
): string[] {
  const warnings = kept.flatMap(({ label, connector }) =>
    connector.warnings.map((text) => `${label}: ${text}`),
  );
  const writers = Map.groupBy(Object.entries(syncs), ([, { dataset }]) => dataset);
  for (const [dataset, jobs] of writers) {
    if (jobs.length > 1)
      warnings.push(
        `${jobs.map(([job]) => `${job} (${labels[job]})`).join(' and ')} replace the same dataset ${dataset}`,
      );
  }
  const open = Object.entries(sources).filter(([, { tls }]) => tls.mode === 'disable');
  if (open.length > 0) {
    warnings.push(
      `not encrypted, as in the connector: ${open.map(([name]) => name).join(', ')}; without \`tls: { mode: disable }\` in ferry.yaml the connection is encrypted and verified`,
    );
  }
  const unneeded = new Set(kept.flatMap(({ connector }) => connector.unneeded));
  if (unneeded.size > 0)
    warnings.push(`variables that Ferry does not need: ${[...unneeded].sort().join(', ')}`);
  return warnings;
}
