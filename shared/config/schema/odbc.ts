import * as z from 'zod';
import { lengthOf, longestDatabaseName } from './database-name.ts';

/** What a source of the type `odbc` adds: the schema of its field `odbc`, and what that requires of the others. */

/** Products that Ferry has a profile for (shared/source/odbc/). */
export const odbcProducts = ['sqlite', 'postgresql', 'mariadb', 'sqlserver'] as const;
/** One of them. */
export type OdbcProduct = (typeof odbcProducts)[number];

/** Those that are a file, which `database` names: without a host, a port and a login. */
const files: readonly OdbcProduct[] = ['sqlite'];

/** Whether something is the name of such a product. */
export const isFileProduct = (product: unknown): boolean => files.some((file) => file === product);

/**
 * The options of a driver that people may set: all that neither carries a secret, nor names a file, nor runs SQL, nor
 * changes the values that it returns. Names are compared without regard to case, as drivers do.
 */
const driverOptions: Readonly<Record<OdbcProduct, readonly string[]>> = {
  // http://www.ch-werner.de/sqliteodbc/
  sqlite: ['Timeout'],
  // https://odbc.postgresql.org/docs/config-opt.html
  postgresql: ['KeepaliveTime', 'KeepaliveInterval', 'Fetch'],
  // https://mariadb.com/docs/connectors/mariadb-connector-odbc/mariadb-connector-odbc-guide
  mariadb: ['CONN_TIMEOUT', 'READTIMEOUT'],
  // https://learn.microsoft.com/sql/connect/odbc/dsn-connection-string-attribute, https://www.freetds.org/userguide/odbcconnattr.html
  sqlserver: [
    'ApplicationIntent',
    'ConnectRetryCount',
    'ConnectRetryInterval',
    'HostnameInCertificate',
    'MultiSubnetFailover',
    'PacketSize',
    'TDS_Version',
    'TransparentNetworkIPResolution',
  ],
};

/** Neither a key nor a value may end the one that it is in, or begin another one. */
const PLAIN = /^[^;{}=\p{Cc}]+$/u;

export const odbc = z
  .strictObject({
    product: z
      .enum(odbcProducts)
      .describe('The database behind the driver, which decides how its values are read exactly.'),
    driver: z
      .string()
      .min(1)
      .max(512)
      .regex(PLAIN, 'the name of a driver in odbcinst.ini, the name of its file, or the path of that')
      .describe(
        'The driver: the name of its file in the folder `drivers`, a path to it (relative to ferry.yaml), or its name in odbcinst.ini.',
      ),
    options: z
      .record(
        z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'the name of an option (letters, digits and _)'),
        z.union([z.string().max(255).regex(PLAIN, 'text without any of ; { } ='), z.int(), z.boolean()]),
      )
      .optional()
      .describe('Further options of the driver, by name. docs/sources.md lists those that Ferry passes on.'),
  })
  .describe('The driver of a source of type odbc, and what is behind it.');
export type OdbcConfig = z.infer<typeof odbc>;

/** Top-level: the folder with the drivers. */
export const drivers = z
  .string()
  .min(1)
  .describe(
    'Folder of ODBC drivers and the libraries that they need, relative to ferry.yaml. It becomes part of the code of functions that read a source of type odbc.',
  );

interface OdbcFields {
  type: string;
  odbc?: OdbcConfig | undefined;
  host?: string | undefined;
  port?: number | undefined;
  database?: string | undefined;
  auth: { type: string };
  tls: { mode: string };
}

/** What is wrong with the ODBC part of a source together with its other fields, each by the path of a field. */
export function findOdbcProblems(source: OdbcFields): { path: string[]; message: string }[] {
  const { type, auth, odbc: own, database } = source;
  const problems: { path: string[]; message: string }[] = [];
  const add = (path: string[], message: string) => problems.push({ path, message });
  if (own !== undefined && type !== 'odbc') add(['odbc'], `nothing: a source of type ${type} has no driver`);
  const isFile = type === 'odbc' && isFileProduct(own?.product);
  if (!isFile) {
    if (auth.type === 'none')
      add(['auth', 'type'], `another one: only a file (product ${files.join(', ')}) has no login`);
    const most = longestDatabaseName(source);
    if (database !== undefined && lengthOf(database) > most) add(['database'], `at most ${most} characters`);
  }
  if (type !== 'odbc') return problems;
  if (own === undefined) {
    add(['odbc'], 'a driver: { product: …, driver: … }');
    return problems;
  }
  const known = driverOptions[own.product];
  for (const name of Object.keys(own.options ?? {})) {
    if (!known.some((each) => each.toLowerCase() === name.toLowerCase()))
      add(['odbc', 'options', name], `an option of these: ${known.join(', ')}. Ferry passes on no other`);
  }
  if (isFile) addFileProblems(source, add);
  else if (auth.type !== 'password' && auth.type !== 'none')
    add(['auth', 'type'], 'password: tokens need the types postgres and mysql');
  if (['mariadb', 'sqlserver'].includes(own.product) && !['verify-full', 'disable'].includes(source.tls.mode))
    add(['tls', 'mode'], `verify-full or disable: with ${own.product} there is nothing in between`);
  return problems;
}

function addFileProblems(
  { auth, host, port, database }: OdbcFields,
  add: (path: string[], message: string) => void,
): void {
  if (auth.type !== 'none') add(['auth', 'type'], 'none: a file has no login');
  if (host !== undefined) add(['host'], 'nothing: the source is a file, which `database` names');
  if (port !== undefined) add(['port'], 'nothing: the source is a file, which `database` names');
  if (database === undefined || !database.startsWith('/'))
    add(['database'], 'the absolute path of the file, such as /data/archive.sqlite');
}
