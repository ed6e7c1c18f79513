/** A product that speaks Postgres' protocol. */
export interface PostgresRelative {
  name: string;
  /** Its own version, if it says one. */
  version: string | undefined;
  /** Why Ferry does not read it; undefined where nobody has tried. docs/sources.md says what is known. */
  refused?: string;
}

interface Relative {
  name: string;
  /** In the answer to `SELECT version()`; its first group is the version. */
  pattern: RegExp;
  refused?: string;
}

// In the order in which they are looked for. Timescale, Citus and Aurora answer as Postgres does.
const relatives: readonly Relative[] = [
  {
    name: 'Amazon Redshift',
    pattern: /\bRedshift ([\d.]+)/,
    refused:
      'it is Postgres 8.0 without what Ferry asks for: read-only snapshots, arrays in queries, and its catalog',
  },
  { name: 'Greenplum', pattern: /\(Greenplum Database ([\w.+-]+)/ },
  { name: 'CockroachDB', pattern: /^CockroachDB (?:CCL |OSS )?v([\w.+-]+)/ },
  { name: 'YugabyteDB', pattern: /-YB-([\w.-]+)/ },
  { name: 'EDB Postgres Advanced Server', pattern: /\(EnterpriseDB Advanced Server ([\d.]+)/ },
  { name: 'Materialize', pattern: /\(Materialize v?([\w.+-]+)/ },
  { name: 'CrateDB', pattern: /\(CrateDB ([\w.]+)|CrateDB ([\d.]+)/ },
  { name: 'RisingWave', pattern: /RisingWave-([\w.-]+)/ },
  { name: 'openGauss', pattern: /\(openGauss ([\d.]+)/ },
];

/**
 * The product behind an answer to `SELECT version()`, if it is not Postgres itself.
 *
 * @example
 * postgresRelative('PostgreSQL 11.2-YB-2.13.1.0-b0 on x86_64-pc-linux-gnu, …')?.name; // 'YugabyteDB'
 */
export function postgresRelative(said: string): PostgresRelative | undefined {
  for (const { name, pattern, refused } of relatives) {
    const match = pattern.exec(said);
    if (!match) continue;
    return { name, version: match.slice(1).find(Boolean), ...(refused === undefined ? {} : { refused }) };
  }
  // Nobody that Ferry knows, and no Postgres either.
  return /^PostgreSQL \d/.test(said)
    ? undefined
    : { name: said.split(/[\s,(]/, 1)[0] ?? '', version: undefined };
}

/** The product in words, for people. */
export const relativeWords = ({ name, version }: PostgresRelative) =>
  version === undefined ? name : `${name} ${version}`;
