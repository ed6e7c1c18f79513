import type { ConfigPart, Setup } from '../calls/types.ts';

/** What somebody sets up in the form. It is kept in this page, and nowhere else. */
export interface Draft {
  kind: 'extraction' | 'sync';
  /** Name of a configured source; empty: `connection` describes a new one. */
  source: string;
  connection: NewConnection;
  /** Name of the job. */
  job: string;
  /** Extractions: how Atlan knows the source. */
  connectionName: string;
  qualifiedName: string;
  /** Who vouches for the server of a new source, as the host has it; empty: the usual authorities. */
  ca: string;
  filter: Filter;
  /** The database that the source signs in to; undefined: not known. */
  ownDatabase: string | undefined;
  tempTableRegex: string;
  /** Syncs. */
  query: string;
  types: 'exact' | 'compatible';
  dataset: string;
  /** Name of a Polyteia target; empty: a new one, `default`. */
  target: string;
  token: string;
  organization: string;
  /** Empty: no schedule. */
  cron: string;
  timezone: string;
}

export interface NewConnection {
  name: string;
  type: 'postgres' | 'mysql';
  host: string;
  port: string;
  database: string;
  authType: 'basic' | 'iam_user' | 'iam_role';
  username: string;
  /** Password, or secret access key. */
  password: string;
  accessKeyId: string;
  roleArn: string;
  externalId: string;
  region: string;
  tls: 'verify-full' | 'verify-ca' | 'require' | 'disable';
  /** Name of the secret that will hold the login. */
  secret: string;
}

/** Schemas by database, as they are ticked; `*`: all of the database, also later ones. */
export type Ticked = Readonly<Record<string, '*' | readonly string[]>>;

export interface Filter {
  /** Whether the ticked ones are read, or left out. */
  means: 'include' | 'exclude';
  ticked: Ticked;
}

/** What the host knows of sources that it does not have yet. */
type Vouched = Pick<Setup, 'tenant' | 'ca'>;

/** An empty form. @param now in ms since 1970: Atlan's ids of connections are the seconds at which they were created */
export function newDraft(timezone: string, now: number, { tenant, ca }: Vouched = {}): Draft {
  return {
    kind: 'extraction',
    source: '',
    connection: {
      name: '',
      type: 'postgres',
      host: '',
      port: '',
      database: '',
      authType: 'basic',
      username: '',
      password: '',
      accessKeyId: '',
      roleArn: '',
      externalId: '',
      region: '',
      tls: 'verify-full',
      secret: '',
    },
    job: '',
    connectionName: '',
    qualifiedName: newQualifiedName('postgres', now, tenant),
    ca: ca ?? '',
    filter: { means: 'include', ticked: {} },
    ownDatabase: undefined,
    tempTableRegex: '',
    query: '',
    types: 'exact',
    dataset: '',
    target: '',
    token: 'ferry/polyteia',
    organization: '',
    cron: '',
    timezone,
  };
}

const newQualifiedName = (type: NewConnection['type'], now: number, tenant = 'default') =>
  `${tenant}/${type}/${Math.floor(now / 1_000)}`;

/**
 * The draft with another source: never with the connection of the one before, in which Atlan would mix up the two.
 *
 * @param name of a configured source; empty: a new one
 */
export function withSource({ connection }: Draft, name: string, setup: Setup, now: number) {
  if (name === '')
    return {
      source: name,
      connectionName: '',
      qualifiedName: newQualifiedName(connection.type, now, setup.tenant),
    };
  const known = setup.sources.find((one) => one.name === name)?.connection;
  // Where only the secret says where the source is, its jobs derive a connection that the form cannot know: one made up
  // here would have the assets in Atlan twice.
  return { source: name, connectionName: known?.name ?? '', qualifiedName: known?.qualifiedName ?? '' };
}

/** The id of a connection that nobody has written, for a kind of database; another one stays. */
export const qualifiedNameFor = (
  type: NewConnection['type'],
  qualifiedName: string,
  tenant = 'default',
): string =>
  qualifiedName.startsWith(`${tenant}/`)
    ? qualifiedName.replace(/(?<=^[^/]+\/)(postgres|mysql)(?=\/\d+$)/, type)
    : qualifiedName;

/** Name of the source: the configured one, or the new one. */
export const sourceOf = ({ source, connection }: Draft): string => source || connection.name;

/** Credentials as the API takes them (docs/atlan-api.md); of a configured source only its name. */
export function credentialsOf({ source, connection }: Draft): Record<string, unknown> {
  if (source !== '') return { credential_guid: source };
  const { type, host, port, database, authType, username, password, region } = connection;
  const place = { connectorName: type, host, port, database, authType, region };
  switch (authType) {
    case 'basic':
      return { ...place, username, password };
    case 'iam_user':
      return { ...place, username: connection.accessKeyId, password, extra: { username } };
    case 'iam_role': {
      const { roleArn, externalId } = connection;
      return { ...place, extra: { username, aws_role_arn: roleArn, aws_external_id: externalId } };
    }
  }
}

/** Filters as the API takes them. */
export function metadataOf({ filter, tempTableRegex }: Draft): Record<string, unknown> {
  const patterns = patternsOf(filter.ticked);
  return {
    'include-filter': filter.means === 'include' ? patterns : {},
    'exclude-filter': filter.means === 'exclude' ? patterns : {},
    'temp-table-regex': tempTableRegex,
  };
}

/** Each name as a pattern that matches it and nothing else. */
export function patternsOf(ticked: Ticked): Record<string, '*' | string[]> {
  return Object.fromEntries(
    Object.entries(ticked).map(([database, schemas]) => [
      exactly(database),
      schemas === '*' ? '*' : schemas.map(exactly),
    ]),
  );
}

const exactly = (name: string) => `^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`;

/** The ticked databases other than the one that the source signs in to. */
export const otherDatabases = ({ filter: { means, ticked }, ownDatabase }: Draft): string[] =>
  means === 'include' && ownDatabase !== undefined
    ? Object.keys(ticked).filter((name) => name !== ownDatabase)
    : [];

/** The draft as lines of ferry.yaml. It names secrets, and contains none. */
export function configPartOf(draft: Draft): ConfigPart {
  const { kind, source, job } = draft;
  const sources = source === '' ? { sources: { [draft.connection.name]: newSource(draft) } } : {};
  if (kind === 'extraction') return { ...sources, extractions: { [job]: extractionOf(draft) } };
  const polyteia = draft.target === '' ? { polyteia: { default: newTarget(draft) } } : {};
  return { ...sources, ...polyteia, syncs: { [job]: syncOf(draft) } };
}

function newSource({ kind, connection, connectionName, qualifiedName, ca }: Draft): Record<string, unknown> {
  const { type, host, port, database, authType } = connection;
  // A token only goes to a verified server.
  const mode = authType === 'basic' ? connection.tls : 'verify-full';
  const tls = {
    ...(mode === 'verify-full' ? {} : { mode }),
    ...(ca === '' || !mode.startsWith('verify') ? {} : { ca }),
  };
  return {
    type,
    host: host.trim(),
    ...(port.trim() === '' ? {} : { port: Number(port) }),
    database,
    auth: authOf(connection),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(kind === 'extraction'
      ? {
          connection: {
            ...(connectionName.trim() === '' ? {} : { name: connectionName.trim() }),
            qualifiedName: qualifiedName.trim(),
          },
        }
      : {}),
  };
}

function authOf({
  authType,
  username,
  secret,
  roleArn,
  externalId,
  region,
}: NewConnection): Record<string, unknown> {
  const where = region.trim() === '' ? {} : { region: region.trim() };
  switch (authType) {
    case 'basic':
      return { type: 'password', secret: secret.trim() };
    case 'iam_user':
      return { type: 'iam-user', username, ...where, secret: secret.trim() };
    case 'iam_role':
      return {
        type: 'iam-role',
        username,
        ...where,
        roleArn: roleArn.trim(),
        ...(externalId.trim() === '' ? {} : { externalId: externalId.trim() }),
      };
  }
}

function extractionOf(draft: Draft): Record<string, unknown> {
  const { filter, tempTableRegex } = draft;
  const patterns = patternsOf(filter.ticked);
  const others = otherDatabases(draft);
  return {
    sources: [sourceOf(draft)],
    ...(others.length === 0 ? {} : { databases: Object.keys(filter.ticked) }),
    ...(Object.keys(patterns).length === 0 ? {} : { [filter.means]: patterns }),
    ...(tempTableRegex === '' ? {} : { tempTableRegex }),
    ...scheduleOf(draft),
  };
}

function syncOf(draft: Draft): Record<string, unknown> {
  const { query, types, dataset, target } = draft;
  return {
    source: sourceOf(draft),
    query,
    dataset: dataset.trim(),
    ...(target === '' || target === 'default' ? {} : { polyteia: target }),
    ...(types === 'exact' ? {} : { types }),
    ...scheduleOf(draft),
  };
}

const newTarget = ({ token, organization }: Draft) => ({
  token: token.trim(),
  ...(organization.trim() === '' ? {} : { organization: organization.trim() }),
});

const scheduleOf = ({ cron, timezone }: Draft) =>
  cron.trim() === '' ? {} : { schedule: { cron: cron.trim(), timezone: timezone.trim() } };
