import { NAME_FORM } from '../job-name.ts';
import { odbcProducts, tlsModes } from '../schema/ferry-config.ts';
import { isFileProduct, type OdbcProduct } from '../schema/odbc.ts';
import { groupsIn, isPlain, type Mistake, type Plain } from './mistake.ts';
import { isSecretName } from './showable.ts';
import { valueCandidates } from './value-candidates.ts';

const LOGIN_FIELDS = ['user', 'username', 'password', 'passwd', 'pwd'];
const ADDRESS_FIELDS = ['url', 'uri', 'dsn', 'connectionString', 'connection_string', 'jdbcUrl'];
const TLS_FIELDS = ['ssl', 'sslmode', 'sslMode', 'ssl_mode', 'encrypt', 'useSSL'];

/** Other names of databases that a type reads. */
const TYPES: Readonly<Record<string, string>> = {
  postgresql: 'postgres',
  pg: 'postgres',
  postgis: 'postgres',
  timescaledb: 'postgres',
  'aurora-postgresql': 'postgres',
  mariadb: 'mysql',
  'aurora-mysql': 'mysql',
  percona: 'mysql',
};

/** What is wrong with the sources, and with `defaults.source`, which has the same fields. */
export function findSourceMistakes(raw: Plain): Mistake[] {
  const { source } = isPlain(raw.defaults) ? raw.defaults : {};
  const inherited = isPlain(source) ? source : {};
  return [
    ...mistakesIn(inherited, ['defaults', 'source'], 'erp'),
    ...groupsIn(raw.sources).flatMap(([name, own]) => [
      ...mistakesIn(own, ['sources', name], name),
      ...missingFields(own, inherited, name),
    ]),
  ];
}

const secretName = (source: string) => `ferry/${NAME_FORM.test(source) ? source : 'erp'}`;
const passwordLine = (secret: string) => `auth: { type: password, secret: ${secret} }`;
const SECRET_FORM =
  'the secret is {"username": "…", "password": "…"}, in Secrets Manager or in the file of --secrets';

function mistakesIn(source: Plain, at: string[], name: string): Mistake[] {
  return [
    ...loginMistakes(source, at, name),
    ...addressMistakes(source, at),
    ...tlsMistakes(source, at),
    ...typeMistakes(source, at),
    ...schemaMistakes(source, at),
  ];
}

function missingFields(own: Plain, inherited: Plain, name: string): Mistake[] {
  const fields = { ...inherited, ...own };
  const type: Mistake = {
    at: ['sources', name, 'type'],
    message: 'missing; expected "postgres", "mysql" (also MariaDB) or "odbc"',
    write: fields.port === 3306 ? 'type: mysql' : 'type: postgres',
  };
  return [...(fields.type === undefined ? [type] : []), ...missingAuth(fields, name)];
}

function missingAuth(fields: Plain, name: string): Mistake[] {
  if (fields.auth !== undefined || LOGIN_FIELDS.some((field) => field in fields)) return [];
  const at = ['sources', name];
  if (fields.secret !== undefined) {
    const write = passwordLine(isSecretName(fields.secret) ? fields.secret : secretName(name));
    return [
      { at: [...at, 'secret'], message: 'the secret belongs to auth', write, claims: [[...at, 'auth']] },
    ];
  }
  const { product } = isPlain(fields.odbc) ? fields.odbc : {};
  if (isFileProduct(product))
    return [
      { at: [...at, 'auth'], message: 'missing: that a file has no login', write: 'auth: { type: none }' },
    ];
  const write = passwordLine(secretName(name));
  return [{ at: [...at, 'auth'], message: `missing: how to sign in; ${SECRET_FORM}`, write }];
}

function loginMistakes(source: Plain, at: string[], name: string): Mistake[] {
  const { auth } = source;
  const auths = [...at, 'auth'];
  const write = passwordLine(secretName(name));
  const own = LOGIN_FIELDS.filter((field) => field in source);
  const message = `no login belongs in this file: auth names the secret that holds it; ${SECRET_FORM}`;
  const [first] = own;
  if (first !== undefined) {
    const claims = [...own.map((field) => [...at, field]), ...(auth === undefined ? [auths] : [])];
    return [{ at: [...at, first], message, write, claims }];
  }
  if (typeof auth === 'string') {
    const message = 'is text; expected a group of fields: how to sign in';
    return [{ at: auths, message, write: isSecretName(auth) ? passwordLine(auth) : write }];
  }
  if (!isPlain(auth)) return [];
  const { type, secret } = auth;
  // Kinds that sign in with tokens have a username.
  const literal = LOGIN_FIELDS.filter(
    (field) => field in auth && (field !== 'username' || type === 'password'),
  );
  if (literal.length > 0 || (type === undefined && 'username' in auth && !('resourceId' in auth))) {
    const [field = 'username'] = literal;
    return [{ at: [...auths, field], message, write, claims: [auths] }];
  }
  if (isPlain(secret) && !('arn' in secret)) return secretGroupMistakes(secret, auths, write);
  if (type === undefined && secret !== undefined && Object.keys(auth).length === 1)
    return [
      {
        at: [...auths, 'type'],
        message: 'missing',
        write: isSecretName(secret) ? passwordLine(secret) : write,
      },
    ];
  if (type === 'password' && secret === undefined)
    return [{ at: [...auths, 'secret'], message: `missing; ${SECRET_FORM}`, write }];
  return [];
}

/** A group where the name of the secret belongs: the login itself, or a name of its own for the name. */
function secretGroupMistakes(secret: Plain, auths: string[], write: string): Mistake[] {
  const at = [...auths, 'secret'];
  const claims = [at];
  if (LOGIN_FIELDS.some((field) => field in secret))
    return [
      {
        at,
        message: `no login belongs in this file: expected the name of a secret; ${SECRET_FORM}`,
        write,
        claims,
      },
    ];
  const candidates = valueCandidates(at, secret);
  if (candidates.length === 0) return [];
  return [
    {
      at,
      message: 'is a group of fields; expected the name of the secret itself',
      write: candidates,
      claims,
    },
  ];
}

/** Fields of other programs that have no counterpart. */
function schemaMistakes(source: Plain, at: string[]): Mistake[] {
  const several = Array.isArray(source.database) && source.database.length > 1;
  const field = ['schema', 'schemas', 'searchPath', 'search_path'].find((one) => one in source);
  const { tls } = source;
  const key = isPlain(tls) ? ['cert', 'key', 'sslcert', 'sslkey'].filter((one) => one in tls) : [];
  const [first] = key;
  return [
    ...(field === undefined
      ? []
      : [
          {
            at: [...at, field],
            message:
              'a source has no schema: name it in the query, such as public.orders, and in include of an extraction',
          },
        ]),
    ...(several
      ? [{ at: [...at, 'database'], message: 'is a list; a source is one database: write a source for each' }]
      : []),
    ...(first === undefined
      ? []
      : [
          {
            at: [...at, 'tls', first],
            message: 'Ferry does not sign in with client certificates: expected mode and ca only',
            claims: key.map((one) => [...at, 'tls', one]),
          },
        ]),
  ];
}

/** The parts of an address that are no fields yet; undefined for one that cannot be read. */
function partsOf(address: unknown, { own, source }: { own: string; source: Plain }): string | undefined {
  const [, , name, number, database] =
    typeof address === 'string'
      ? (/^(?:jdbc:)?[a-z0-9+]+:\/\/([^@/]*@)?([\w.-]+)(?::(\d{1,5}))?(?:\/([\w-]*))?(?:[?;].*)?$/i.exec(
          address,
        ) ?? [])
      : [];
  if (name === undefined) return undefined;
  const parts: [string, string | undefined][] = [
    ['host', name],
    ['port', number],
    ['database', database === '' ? undefined : database],
  ];
  const missing = parts.filter(
    ([field, value]) => value !== undefined && (field === own || !(field in source)),
  );
  return missing.map(([field, value]) => `${field}: ${value}`).join('\n');
}

function addressMistakes(source: Plain, at: string[]): Mistake[] {
  const { host, port } = source;
  const mistakes: Mistake[] = [];
  const field = ADDRESS_FIELDS.find((one) => one in source);
  if (field !== undefined) {
    const message = 'Ferry takes the parts of the address, without the login, which auth names';
    const write = partsOf(source[field], { own: field, source });
    mistakes.push({ at: [...at, field], message, ...(write === undefined ? {} : { write }) });
  }
  if (typeof host === 'string') {
    const [, name, number] = /^([\w.-]+):(\d{1,5})$/.exec(host) ?? [];
    if (name !== undefined && number !== undefined) {
      const message = 'the port has a field of its own';
      mistakes.push({ at: [...at, 'host'], message, write: `host: ${name}\nport: ${number}` });
    } else if (host.includes('://')) {
      const message = 'a whole address: expected its parts, without the login, which auth names';
      const write = partsOf(host, { own: 'host', source });
      mistakes.push({ at: [...at, 'host'], message, ...(write === undefined ? {} : { write }) });
    } else if (/\$\{?\w|\{\{/.test(host)) {
      const message =
        'Ferry replaces no variables in ferry.yaml: write the name itself, or leave host out and keep it in the secret';
      mistakes.push({ at: [...at, 'host'], message });
    }
  }
  if (typeof port === 'string' && /^\d{1,5}$/.test(port))
    mistakes.push({ at: [...at, 'port'], message: 'is text; expected a number', write: `port: ${port}` });
  return mistakes;
}

function tlsMistakes(source: Plain, at: string[]): Mistake[] {
  const { tls } = source;
  const field = TLS_FIELDS.find((one) => one in source);
  const told = field === undefined ? tls : source[field];
  if (field === undefined && (tls === undefined || tls === null || typeof tls === 'object')) return [];
  const mode = modeOf(told);
  const message =
    field === undefined ? 'expected a group of fields' : 'the encryption has a group of its own';
  const write = [mode, 'verify-full'].map((one) => `tls: { mode: ${one} }`);
  return [{ at: [...at, field ?? 'tls'], message, write }];
}

/** The mode that was meant, also in the words of other programs. */
function modeOf(told: unknown): string {
  const text = String(told).toLowerCase().replaceAll('_', '-');
  if (['false', 'off', 'no', 'none', 'disabled'].includes(text)) return 'disable';
  return tlsModes.find((mode) => mode === text) ?? 'verify-full';
}

/** Databases that Ferry reads through an ODBC driver, by the names that people have for them beside the product's. */
const BY_DRIVER: Readonly<Record<string, OdbcProduct>> = {
  mssql: 'sqlserver',
  'sql-server': 'sqlserver',
  sqlite3: 'sqlite',
};
/** A driver of each product, as its package names the file. */
const DRIVERS: Readonly<Record<OdbcProduct, string>> = {
  sqlite: 'libsqlite3odbc.so',
  postgresql: 'psqlodbcw.so',
  mariadb: 'libmaodbc.so',
  sqlserver: 'libmsodbcsql-18.so',
};
/** Those that it does not read. */
const UNKNOWN = [
  'oracle',
  'db2',
  'snowflake',
  'bigquery',
  'redshift',
  'mongodb',
  'clickhouse',
  'duckdb',
  'hana',
];

function typeMistakes({ type }: Plain, at: string[]): Mistake[] {
  if (typeof type !== 'string') return [];
  const name = type.toLowerCase();
  const [path, meant, product] = [
    [...at, 'type'],
    TYPES[name],
    BY_DRIVER[name] ?? odbcProducts.find((one) => one === name),
  ];
  if (meant !== undefined)
    return [{ at: path, message: `"${type}": expected "${meant}"`, write: `type: ${meant}` }];
  if (product !== undefined) {
    const write = `type: odbc\nodbc: { product: ${product}, driver: ${DRIVERS[product]} }`;
    return [{ at: path, message: `"${type}": Ferry reads it through an ODBC driver`, write }];
  }
  if (!UNKNOWN.includes(name)) return [];
  return [
    { at: path, message: `"${type}": expected "postgres", "mysql" or "odbc": Ferry does not read ${type}` },
  ];
}
