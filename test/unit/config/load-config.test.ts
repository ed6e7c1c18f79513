import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../../shared/config/load-config.ts';
import { configJsonSchema } from '../../../shared/config/schema/json-schema.ts';
import { ConfigError } from '../../../shared/errors.ts';

const valid = `version: 1
defaults:
  source: { tls: { mode: require } }
  schedule: { timezone: Europe/Berlin }
sources:
  erp:
    type: postgres
    host: erp.example.org
    database: erp
    auth: { type: password, secret: ferry/erp }
polyteia:
  default: { token: ferry/polyteia }
syncs:
  open-orders:
    source: erp
    query: SELECT 1 AS a
    dataset: ds_abc123
    schedule: { cron: "30 4 * * *" }
`;

function messageOf(text: string): string {
  try {
    parseConfig(text, 'ferry.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('the configuration was accepted');
}

describe('parseConfig', () => {
  it('fills in defaults of the file and of the schema', () => {
    const config = parseConfig(valid, 'ferry.yaml');
    expect(config.sources.erp?.tls).toEqual({ mode: 'require' });
    expect(config.syncs['open-orders']).toMatchObject({
      polyteia: 'default',
      schedule: { cron: '30 4 * * *', timezone: 'Europe/Berlin', enabled: true },
      guards: { allowEmpty: false },
    });
    expect(config.polyteia.default?.baseUrl).toBe('https://app.polyteia.com');
  });

  it('verifies TLS by default', () => {
    const config = parseConfig(
      valid.replace('source: { tls: { mode: require } }', 'source: {}'),
      'ferry.yaml',
    );
    expect(config.sources.erp?.tls).toEqual({ mode: 'verify-full' });
  });

  // Each case: what is changed, and what the message must say, line included.
  it.each([
    ['host: erp', 'hst: erp', 'line 8, sources.erp.hst: unknown field "hst"; did you mean "host"?'],
    ['type: postgres', 'type: oracle', 'line 7, sources.erp.type: "oracle": expected "postgres"'],
    [
      'source: erp',
      'source: epr',
      'line 15, syncs.open-orders.source: unknown source "epr"; did you mean "erp"?',
    ],
    ['    dataset: ds_abc123\n', '', 'line 14, syncs.open-orders.dataset: missing'],
    ['ds_abc123', 'abc', 'line 17, syncs.open-orders.dataset: "abc": expected a dataset id such as ds_'],
    ['query: SELECT 1 AS a', 'duckdbQueri: x', 'did you mean "duckdbQuery"?'],
    ['    query: SELECT 1 AS a\n', '', 'line 14, syncs.open-orders.query: missing: what to read'],
    [
      'mode: require',
      'mode: sometimes',
      'line 3, defaults.source.tls.mode: "sometimes": expected "verify-full" or',
    ],
    [
      'Europe/Berlin',
      'Europe/Berlinn',
      'defaults.schedule.timezone: "Europe/Berlinn": expected an IANA time zone',
    ],
    ['"30 4 * * *"', '"61 4 * * *"', 'syncs.open-orders.schedule.cron: "61": expected a minute of 0–59'],
    ['"30 4 * * *"', '"0 4 1 * 1"', 'which AWS cannot schedule'],
    ['version: 1', 'version: 2', 'version: 2: expected 1'],
    [
      'host: erp.example.org',
      'host: erp.example.org\n    port: 99999',
      'sources.erp.port: 99999: expected at most 65535',
    ],
    [
      'type: password, secret',
      'type: kerberos, secret',
      'sources.erp.auth.type: this value: expected "password"',
    ],
    ['sources:\n  erp:', 'sources:\n  "erp db":', 'expected a name of letters, digits'],
    [
      '  open-orders:',
      '  Open-Orders: &x { source: erp, query: S, dataset: ds_a }\n  open-orders:',
      'differs from "Open-Orders" only in',
    ],
    [
      'token: ferry/polyteia',
      'token: ferry/polyteia, baseUrl: "http://polyteia.example"',
      'expected an https:// URL',
    ],
    ['sources:', 'sources: [', 'not valid YAML'],
  ])('says what is wrong when %j is %j', (from, to, expected) => {
    expect(messageOf(valid.replace(from, to))).toContain(expected);
  });

  it('never repeats what may be a secret in the wrong field', () => {
    const message = messageOf(
      valid
        .replace('secret: ferry/erp', 'secret: "hunter2 with spaces"')
        .replace('token: ferry/polyteia', 'token: pak_geheim123')
        .replace('database: erp', 'database: erp\n    password: swordfish'),
    );
    expect(message).toContain('the NAME of a secret that holds the token');
    expect(message).toContain('sources.erp.password: no login belongs in this file');
    expect(message).not.toMatch(/hunter2|geheim123|swordfish/);
  });

  it.each([
    ['host: erp.example.org', 'host: "postgres://u:GEHEIM@erp"'],
    ['database: erp', 'database: "postgres://u:GEHEIM@erp/x"'],
    ['database: erp', 'database: "host=erp Password = GEHEIM"'],
    ['host: erp.example.org', 'host: u:GEHEIM@erp'],
    ['host: erp.example.org', 'host: "erp password=GEHEIM"'],
    ['sources:\n  erp:', 'sources:\n  hr: postgres://u:GEHEIM@h/db\n  erp:'],
    ['default: { token: ferry/polyteia }', 'default: pak_GEHEIM'],
    ['token: ferry/polyteia', 'token: ferry/polyteia, baseUrl: "https://u:GEHEIM@example.org"'],
    ['token: ferry/polyteia', 'token: ferry/polyteia, baseUrl: "http://u:GEHEIM@example.org"'],
    ['dataset: ds_abc123', 'dataset: "https://u:GEHEIM@polyteia"'],
  ])('refuses %j as %j without repeating it', (from, to) => {
    expect(messageOf(valid.replace(from, to))).not.toContain('GEHEIM');
  });

  it.each([
    ['', 'is empty'],
    ['# nothing yet\n', 'is empty'],
    ['- a\n', 'expected fields, such as version: 1'],
    ['version: 1\nsources:\n', 'line 2, sources: is empty'],
    [valid.replace('host: erp.example.org', 'host: *nowhere'), 'alias'],
    [
      'version: 1\nsources: &a\n  x: *a\n',
      'line 3: the alias *a is within what &a names, so it would contain itself',
    ],
    ['version: 1\nsources: &a\n  <<: *a\n', 'line 3: the alias *a is within'],
    ['version: 1\nsources: &a { b: &b { c: [*b, *a] } }\n', 'line 2: the alias *b is within'],
    [
      valid.replace('{ type: password, secret: ferry/erp }', '&GEHEIM { type: password, secret: *GEHEIM }'),
      ': an alias (*name) is within what its anchor names, so it would contain itself',
    ],
    [valid.replace('host: erp.example.org', 'host: !vault erp'), 'Ferry knows no tags such as !vault'],
    [
      valid.replace('    host:', '    host: twice.example.org\n    host:'),
      '"host" appears twice, also in line 8',
    ],
    [valid.replace('Europe/Berlin', '+02:00'), 'expected an IANA time zone'],
    [valid.replace('Europe/Berlin', 'europe/berlin'), 'expected an IANA time zone'],
    [
      valid.replace('secret: ferry/erp', 'secret: "arn:aws:secretsmanager:eu-central-1:1:secret:x"'),
      'the form { arn: "arn:…" } for the ARN of a secret',
    ],
  ])('explains %j', (text, expected) => {
    expect(messageOf(text)).toContain(expected);
  });

  it('understands merged anchors', () => {
    const merged = valid.replace(
      '  erp:\n',
      '  base: &base { type: postgres, host: h, database: d, auth: { type: password, secret: s } }\n  hr: { <<: *base, database: hr }\n  erp:\n',
    );
    expect(parseConfig(merged, 'ferry.yaml').sources.hr).toMatchObject({ host: 'h', database: 'hr' });
  });

  it('lists every problem at once', () => {
    const message = messageOf(valid.replace('type: postgres', 'type: oracle').replace('ds_abc123', 'abc'));
    expect(message).toContain('(2 problems)');
  });
});

describe('generated and shipped files', () => {
  const read = (name: string) => readFile(new URL(`../../../${name}`, import.meta.url), 'utf8');

  it('the example with every option is valid, and says which of two tls settings counts', async () => {
    const config = parseConfig(await read('examples/ferry.yaml'), 'examples/ferry.yaml');
    expect(config.sources.archive?.tls).toEqual({ mode: 'verify-ca', ca: 'system' });
    expect(config.syncs['open-orders']?.schedule?.timezone).toBe('Europe/Berlin');
    expect(config.syncs['closed-files']?.schedule).toMatchObject({ timezone: 'UTC', enabled: false });
  });

  it('ferry.schema.json is what the schema generates (npm run schema)', async () => {
    expect(JSON.parse(await read('ferry.schema.json'))).toEqual(configJsonSchema());
  });
});

describe('loadConfig', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry config ü '));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const load = async (text: string) => {
    await writeFile(join(folder, 'ferry.yaml'), text);
    return loadConfig({ path: join(folder, 'ferry.yaml'), environment: {} });
  };
  const withCa = valid.replace('mode: require', 'mode: verify-ca, ca: ./ca.pem');
  const pem = rootCertificates.slice(0, 2).join('\n');

  it('replaces the path of a CA file by its certificates, and nothing else from it', async () => {
    const key = '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n';
    await writeFile(join(folder, 'ca.pem'), `# our authority\n${key}${pem}\n`);
    const { config } = await load(withCa);
    expect(config.sources.erp?.tls).toEqual({ mode: 'verify-ca', ca: `${pem}\n` });
  });

  it.each([
    ['nothing', '', /ca\.pem contains no certificate/],
    ['the key in its place', '-----BEGIN PRIVATE KEY-----\n', /ca\.pem contains no certificate/],
    [
      'a broken certificate',
      pem.replaceAll('MII', 'NII'),
      /ca\.pem contains a certificate that cannot be read/,
    ],
  ])('refuses a CA file with %s', async (_what, text, message) => {
    await writeFile(join(folder, 'ca.pem'), text);
    await expect(load(withCa)).rejects.toThrow(message);
  });

  it('names a file that does not exist', async () => {
    await expect(loadConfig({ path: join(folder, 'no.yaml'), environment: {} })).rejects.toThrow(
      /no\.yaml does not exist/,
    );
  });

  it('says of a folder with the name of the file how it may have got there', async () => {
    await mkdir(join(folder, 'mounted.env'));
    await expect(loadConfig({ path: join(folder, 'mounted.env'), environment: {} })).rejects.toMatchObject({
      message: expect.stringMatching(/mounted\.env cannot be read: a folder has the name of a file\.$/),
      hint: expect.stringMatching(
        /^If it is mounted, check that the file is where it is mounted from\. Name /,
      ),
    });
  });

  it('reads a .env file of the Go connector, which wins over the environment, as one sync called default', async () => {
    const path = join(folder, 'berlin.env');
    await writeFile(
      path,
      `PERSONAL_ACCESS_TOKEN=pak_1\nDATASET_ID=ds_abc\nSOURCE_DATABASE_TYPE=postgresql\nSOURCE_DATABASE_HOST=db.local\nSOURCE_DATABASE_PORT=5433
SOURCE_DATABASE_USER=u\nSOURCE_DATABASE_PASSWORD="p w'$ä"\nSOURCE_DATABASE_NAME=erp\nSOURCE_DATABASE_SQL_QUERY="SELECT * FROM db.orders;"\nCRON_SCHEDULE=@daily\n`,
    );
    const { config, secrets, warnings } = await loadConfig({
      path,
      environment: { DATASET_ID: 'ds_environment', POLYTEIA_BASE_URL: 'https://polyteia.example' },
    });
    expect(config.sources.default).toMatchObject({
      type: 'postgres',
      host: 'db.local',
      port: 5433,
      tls: { mode: 'disable' },
    });
    expect(config.syncs.default).toMatchObject({
      duckdbQuery: 'SELECT * FROM db.orders',
      dataset: 'ds_abc',
      schedule: { cron: '@daily', timezone: 'UTC' },
    });
    expect(config.polyteia.default?.baseUrl).toBe('https://polyteia.example');
    expect(JSON.parse(secrets.get('env/source') ?? '')).toEqual({ username: 'u', password: "p w'$ä" });
    expect(secrets.get('env/personal-access-token')).toBe('pak_1');
    expect(JSON.stringify(config)).not.toContain('pak_1');
    expect(warnings.join()).toContain('not encrypted');
  });

  it('names the missing and the wrong variables of a .env file', async () => {
    const path = join(folder, '.env');
    await writeFile(path, 'DATASET_ID=ds_abc\n');
    await expect(loadConfig({ path, environment: {} })).rejects.toThrow(
      /PERSONAL_ACCESS_TOKEN: missing[\s\S]*SOURCE_DATABASE_HOST: missing/,
    );
  });
});

describe('names that have a meaning in JavaScript', () => {
  const entry = (group: string, name: string) =>
    ({
      sources: valid.replace('  erp:', `  ${name}:`).replace('source: erp', `source: ${name}`),
      polyteia: valid
        .replace('  default: {', `  ${name}: {`)
        .replace('dataset:', `polyteia: ${name}\n    dataset:`),
      syncs: valid.replace('  open-orders:', `  ${name}:`),
      extractions: `${valid}extractions:\n  ${name}: { sources: [erp] }\n`,
    })[group] ?? '';

  it.each(['sources', 'polyteia', 'syncs', 'extractions'])(
    '__proto__ is refused in %s, and not dropped',
    (group) => {
      expect(messageOf(entry(group, '__proto__'))).toMatch(
        new RegExp(
          `^ferry.yaml is not valid \\(1 problem\\):\n.*${group}.__proto__: a name that cannot be used here`,
        ),
      );
    },
  );

  it.each([
    [
      'columns',
      'dataset: ds_abc123',
      'dataset: ds_abc123\n    columns: { __proto__: text }',
      'syncs.open-orders.columns',
    ],
    ['tags', 'version: 1', 'version: 1\ntags: { __proto__: x }', 'tags'],
    ['the defaults of sources', 'mode: require', '__proto__: { mode: disable }', 'defaults.source.tls'],
    [
      'filters',
      'version: 1',
      'version: 1\nextractions: { c: { sources: [erp], include: { __proto__: [x] } } }',
      'extractions.c.include',
    ],
  ])('__proto__ is refused in %s as well', (_, from, to, path) => {
    const text =
      from === 'version: 1' && to.includes('extractions')
        ? `${valid}${to.slice(11)}\n`
        : valid.replace(from, to);
    expect(messageOf(text)).toContain(`${path}.__proto__: a name that cannot be used here`);
  });

  it('__proto__ is refused for its name also where nothing is below it', () => {
    const text = `${valid.replace('  erp:', '  __proto__:\n  erp:')}`;
    expect(messageOf(text)).toMatch(
      /\(1 problem\):\n.*sources\.__proto__: a name that cannot be used here: choose another one/,
    );
  });

  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty'])('%s is an unknown field', (name) => {
    expect(messageOf(`${valid}${name}: 1\n`)).toMatch(
      new RegExp(`\\(1 problem\\):\\n.*${name}: unknown field`),
    );
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype'])(
    '%s is a name like any other',
    (name) => {
      for (const group of ['sources', 'polyteia', 'syncs', 'extractions'] as const) {
        const config = parseConfig(entry(group, name), 'ferry.yaml');
        expect(Object.keys(config[group])).toContain(name);
      }
    },
  );

  it.each(['constructor', 'toString', '__proto__'])('%s is not found if nothing has that name', (name) => {
    expect(messageOf(valid.replace('source: erp', `source: ${name}`))).toContain(`unknown source "${name}"`);
    const target = valid.replace('dataset:', `polyteia: ${name}\n    dataset:`);
    expect(messageOf(target)).toContain(`unknown Polyteia target "${name}"`);
    expect(messageOf(`${valid}extractions:\n  c: { sources: [${name}] }\n`)).toContain('unknown source');
  });
});
