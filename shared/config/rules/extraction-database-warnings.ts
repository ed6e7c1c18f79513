import { nameSome } from '../../text/name-some.ts';
import { connectorOf, knownConnection } from '../atlan-connection.ts';
import type { ExtractionConfig, FerryConfig } from '../schema/ferry-config.ts';
import { sourcesOf } from './extraction-sources.ts';

/** The one database of a MySQL server, as Atlan sees it (shared/source/mysql/catalog/mysql-names.ts). */
const MYSQL_DATABASE = 'def';

/**
 * One sentence for what a run finds wrong with the databases that an extraction reads, as far as the file alone shows
 * it: those of a MySQL server are schemas, and what two sources write must have different names.
 */
export function warnOfExtractionDatabases(config: FerryConfig): string[] {
  return Object.entries(config.extractions).flatMap(([job, extraction]) => {
    const names = sourcesOf(config, extraction);
    return [...ofMysql(config, extraction, names), ...ofTwoSources(config, extraction, names)].map(
      (warning) => `${job}: ${warning}`,
    );
  });
}

function ofMysql(
  { sources }: FerryConfig,
  { databases }: Pick<ExtractionConfig, 'databases'>,
  names: readonly string[],
): string[] {
  const servers = names.filter((name) => {
    const source = sources[name];
    return source !== undefined && connectorOf(source) === 'mysql';
  });
  if (!Array.isArray(databases) || servers.length === 0) return [];
  const [other] = databases.filter((database) => database !== MYSQL_DATABASE);
  return other === undefined
    ? []
    : [
        `\`databases\` means nothing for MySQL (${nameSome(servers)}), whose databases are schemas of the one that Atlan sees, "${MYSQL_DATABASE}": leave it out, and write include: { "^${MYSQL_DATABASE}$": ["^${other}$"] }`,
      ];
}

function ofTwoSources(
  config: FerryConfig,
  { databases }: Pick<ExtractionConfig, 'databases'>,
  names: readonly string[],
): string[] {
  if (databases === 'all')
    return sharedPlaces(config, names, (name) => allOf(config, name)).map(
      ({ first, second }) =>
        `the sources ${first} and ${second} are one server to Atlan, and databases: all reads both: a run fails at the first database that both logins may connect to; leave one out, or list the databases`,
    );
  return sharedPlaces(config, names, (name) => databasesOf(config, name, databases)).map(
    ({ first, second, place }) =>
      `every run fails, because the sources ${first} and ${second} would both write ${place}: leave one out, let each read different databases, or give one of them another connection.qualifiedName`,
  );
}

/** A name that stands for all databases of a source. */
function allOf({ sources }: FerryConfig, name: string): readonly string[] {
  const source = sources[name];
  return source === undefined || connectorOf(source) === 'sqlite' ? [] : ['*'];
}

/** What an extraction reads of a source; empty where only the source's secret knows. */
function databasesOf(
  { sources }: FerryConfig,
  name: string,
  listed: readonly string[] | undefined,
): readonly string[] {
  const source = sources[name];
  if (source === undefined || connectorOf(source) === 'sqlite') return [];
  if (connectorOf(source) === 'mysql') return [MYSQL_DATABASE];
  return listed ?? (source.database === undefined ? [] : [source.database]);
}

/** The places of Atlan's that two sources have both, once for each second source. */
function sharedPlaces(
  config: FerryConfig,
  names: readonly string[],
  databasesIn: (name: string) => readonly string[],
): { first: string; second: string; place: string }[] {
  const owners = new Map<string, string>();
  return names.flatMap((second) => {
    const server = serverOf(config, second);
    if (server === undefined) return [];
    const places = databasesIn(second).map((database) => `${server}/${database}`);
    const place = places.find((one) => owners.has(one));
    const first = place === undefined ? undefined : owners.get(place);
    for (const one of places) if (!owners.has(one)) owners.set(one, second);
    return place === undefined || first === undefined
      ? []
      : [{ first, second, place: place.replace(/ \(.*\)/, '') }];
  });
}

/** What Atlan calls the server of a source; without a port, which the secret may have, a host with its secret. */
function serverOf({ sources, atlan }: FerryConfig, name: string): string | undefined {
  const source = sources[name];
  if (source === undefined) return undefined;
  const { host, auth } = source;
  const known = knownConnection(name, source, atlan.tenant);
  if (known !== undefined || host === undefined) return known?.qualifiedName;
  const secret = 'secret' in auth ? JSON.stringify(auth.secret) : auth.type;
  return `${atlan.tenant}/${connectorOf(source)}/${host.toLowerCase()} (${secret})`;
}
