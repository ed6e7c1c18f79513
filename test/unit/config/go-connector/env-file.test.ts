import { describe, expect, it } from 'vitest';
import { isEnvFile, readEnvFile } from '../../../../shared/config/go-connector/env-file.ts';

// The connector's .env.example of either generation, from the table of its variables: every one of them, the optional ones too.
const classicExample = `# Polyteia
PERSONAL_ACCESS_TOKEN=pak_classic
POLYTEIA_BASE_URL=https://app.polyteia.com
DATASET_ID=ds_cv4t2cf0i6q1gflvu4m0

# When (robfig/cron)
CRON_SCHEDULE="0 0 * * *"

LOG_LEVEL=info
LOG_FORMAT=text
HEALTH_CHECK_PORT=8080

SOURCE_DATABASE_HOST=localhost
SOURCE_DATABASE_PORT=5432
SOURCE_DATABASE_USER=postgres
SOURCE_DATABASE_PASSWORD=postgres
SOURCE_DATABASE_NAME=postgres
SOURCE_DATABASE_TYPE=postgres # or mysql
SOURCE_DATABASE_SQL_QUERY="SELECT * FROM db.my_table;"
`;
const sessionExample = classicExample
  .replace('POLYTEIA_BASE_URL=https://app.polyteia.com', 'POLYTEIA_BASE_URL=https://web.polyteia.de')
  .replace(
    'DATASET_ID=',
    'POLYTEIA_ORGANIZATION_ID=org_cv4t2cf0i6q1gflvu4m0\n# POLYTEIA_ORGANIZATION_SLUG=\nINGEST_POLL_INTERVAL=5s\nINGEST_TIMEOUT=30m\nDATASET_ID=',
  )
  .replace('db.my_table', 'my_table');

const read = (text: string, environment: Record<string, string> = {}) =>
  readEnvFile(text, environment, { file: 'x.env' });
const change = (name: string, value: string, text = classicExample) =>
  text.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${value}`);

describe('readEnvFile', () => {
  it('reads the example of the classic generation unchanged', () => {
    const { config, secrets, warnings } = read(classicExample);
    expect(config).toMatchObject({
      sources: {
        default: {
          type: 'postgres',
          host: 'localhost',
          port: 5432,
          database: 'postgres',
          tls: { mode: 'disable' },
        },
      },
      polyteia: { default: { api: 'classic', baseUrl: 'https://app.polyteia.com' } },
      syncs: {
        default: {
          duckdbQuery: 'SELECT * FROM db.my_table',
          dataset: 'ds_cv4t2cf0i6q1gflvu4m0',
          schedule: { cron: '0 0 * * *', timezone: 'UTC', enabled: true },
          types: 'compatible',
        },
      },
    });
    expect(config.syncs.default?.query).toBeUndefined();
    expect(JSON.parse(secrets.get('env/source') ?? '')).toEqual({
      username: 'postgres',
      password: 'postgres',
    });
    expect(secrets.get('env/personal-access-token')).toBe('pak_classic');
    expect(warnings).toEqual([
      expect.stringContaining('not encrypted'),
      'Not needed: LOG_LEVEL, LOG_FORMAT, HEALTH_CHECK_PORT.',
    ]);
  });

  it('reads the example of the session generation unchanged: the query is the source’s own', () => {
    const { config } = read(sessionExample);
    expect(config.polyteia.default).toMatchObject({
      organization: 'org_cv4t2cf0i6q1gflvu4m0',
      api: 'session',
      baseUrl: 'https://web.polyteia.de',
      format: 'csv',
      ingest: { pollInterval: '5s', timeout: '30m' },
    });
    expect(config.syncs.default).toMatchObject({ query: 'SELECT * FROM my_table' });
    expect(config.syncs.default?.duckdbQuery).toBeUndefined();
  });

  it.each([
    ['postgres', 'postgres'],
    ['postgresql', 'postgres'],
    ['MySQL', 'mysql'],
    ['mariadb', 'mysql'],
  ])('knows the type %s', (type, expected) => {
    expect(read(change('SOURCE_DATABASE_TYPE', type)).config.sources.default?.type).toBe(expected);
  });

  it.each([
    ["'SELECT 1;'", 'SELECT 1'],
    ['SELECT a FROM db.t ;', 'SELECT a FROM db.t'],
    [`"'SELECT 1'"`, 'SELECT 1'],
    ["SELECT '#1' AS a", "SELECT '#1' AS a"],
  ])('takes the query %j', (query, expected) => {
    expect(read(change('SOURCE_DATABASE_SQL_QUERY', query)).config.syncs.default?.duckdbQuery).toBe(expected);
  });

  it.each([
    ['30 4 * * *', { cron: '30 4 * * *', timezone: 'UTC' }],
    ['@daily', { cron: '@daily', timezone: 'UTC' }],
    ['@every 1h', { cron: '@every 1h', timezone: 'UTC' }],
    ['CRON_TZ=Europe/Berlin 30 4 * * *', { cron: '30 4 * * *', timezone: 'Europe/Berlin' }],
    ['TZ=Europe/Berlin @daily', { cron: '@daily', timezone: 'Europe/Berlin' }],
  ])('takes the schedule %j', (cron, expected) => {
    const { config, warnings } = read(change('CRON_SCHEDULE', cron));
    expect(config.syncs.default?.schedule).toMatchObject(expected);
    expect(warnings.join()).not.toContain('CRON_SCHEDULE');
  });

  // Dropped, a job would never run, and nobody would notice.
  it.each(['0 4 1 * 1', '@every 90s'])('keeps %j, which only AWS cannot, and says so', (cron) => {
    const text = change('CRON_SCHEDULE', cron);
    const { config, warnings } = read(text);
    expect(config.syncs.default?.schedule).toMatchObject({ cron, timezone: 'UTC' });
    expect(warnings.join()).toMatch(
      /CRON_SCHEDULE: ferry serve keeps this schedule, AWS does not: .*; write /,
    );
    expect(() => readEnvFile(text, {}, { file: 'x.env', scheduler: 'eventbridge' })).toThrow(
      /CRON_SCHEDULE: .*; write /,
    );
  });

  it.each(['@every -5m', '@every 0s', '@every 100ms'])(
    'rounds %j up to a second, as the connector does, and says so',
    (cron) => {
      const { config, warnings } = read(change('CRON_SCHEDULE', `CRON_TZ=Europe/Berlin ${cron}`));
      expect(config.syncs.default?.schedule).toMatchObject({ cron: '@every 1s', timezone: 'Europe/Berlin' });
      expect(warnings.join()).toContain(`CRON_SCHEDULE: "${cron}" is less than a second`);
    },
  );

  it('has the connector’s default schedule, in the zone of the container', () => {
    const bare = classicExample.replace(/^CRON_SCHEDULE=.*$/m, '');
    expect(read(bare).config.syncs.default?.schedule).toMatchObject({ cron: '0 0 * * *', timezone: 'UTC' });
    const { config, warnings } = read(`${bare}TZ=Europe/Berlin\n`);
    expect(config.syncs.default?.schedule).toMatchObject({ cron: '0 0 * * *', timezone: 'Europe/Berlin' });
    expect(warnings.join()).toContain('TZ is Europe/Berlin');
    for (const path of ['/usr/share/zoneinfo/', ':/usr/share/zoneinfo/', ':'])
      expect(read(`${bare}TZ=${path}Europe/Berlin\n`).config.syncs.default?.schedule?.timezone).toBe(
        'Europe/Berlin',
      );
    expect(read(`${bare}TZ=Berlin\n`).config.syncs.default?.schedule?.timezone).toBe('UTC');
  });

  it('wins over the environment, whose own TZ and LOG_LEVEL do not matter', () => {
    const environment = {
      DATASET_ID: 'ds_environment',
      POLYTEIA_ORGANIZATION_SLUG: 'stadt',
      TZ: 'Asia/Tokyo',
      LOG_LEVEL: 'debug',
    };
    const { config, warnings } = read(classicExample.replace(/^(LOG|HEALTH).*$/gm, ''), environment);
    expect(config.syncs.default).toMatchObject({
      dataset: 'ds_cv4t2cf0i6q1gflvu4m0',
      schedule: { timezone: 'UTC' },
    });
    expect(config.polyteia.default?.organization).toBe('stadt');
    expect(warnings).toHaveLength(1);
  });

  it('does not need variables that it does not know', () => {
    const expected = read(classicExample);
    expect(read(`${classicExample}GREETING=hello\n`)).toEqual({
      ...expected,
      environment: { ...expected.environment, GREETING: 'hello' },
    });
  });

  it.each([
    ['INGEST_POLL_INTERVAL', '500ms', { pollInterval: '1s', timeout: '30m' }],
    ['INGEST_TIMEOUT', '1h30m', { pollInterval: '5s', timeout: '1h30m' }],
    ['INGEST_TIMEOUT', '1.5h', { pollInterval: '5s', timeout: '1.5h' }],
    ['INGEST_TIMEOUT', '48h', { pollInterval: '5s', timeout: '24h' }],
  ])('accepts %s=%s within Ferry’s limits', (name, value, expected) => {
    const { config, warnings } = read(change(name, value, sessionExample));
    expect(config.polyteia.default?.ingest).toEqual(expected);
    expect(warnings.some((warning) => warning.startsWith(name))).toBe(
      !Object.values(expected).includes(value),
    );
  });

  it.each([
    ['SOURCE_DATABASE_TYPE', 'mssql', /SOURCE_DATABASE_TYPE: "mssql": Ferry reads Postgres.*not SQL Server/],
    ['SOURCE_DATABASE_TYPE', 'sqlserver', /"sqlserver": Ferry reads Postgres.*not SQL Server/],
    ['SOURCE_DATABASE_TYPE', 'oracle', /"oracle": expected postgres, postgresql, mysql or mariadb/],
    ['SOURCE_DATABASE_PORT', 'abc', /SOURCE_DATABASE_PORT: "abc": expected a number/],
    ['SOURCE_DATABASE_PORT', '99999', /SOURCE_DATABASE_PORT: 99999: expected at most 65535/],
    ['SOURCE_DATABASE_HOST', '', /SOURCE_DATABASE_HOST: is empty; \$NAME in a value becomes nothing/],
    ['SOURCE_DATABASE_HOST', '$DB_HOST', /SOURCE_DATABASE_HOST: is empty; \$NAME/],
    ['SOURCE_DATABASE_HOST', 'db:5432', /"db:5432": expected a host name or an address, without user, port/],
    ['POLYTEIA_BASE_URL', 'https://p.example/?x=1', /expected a URL that ends before any \? or #/],
    ['CRON_SCHEDULE', `"'0 0 * * *'"`, /leave out the quotes around it, which docker run --env-file keeps/],
    ['DATASET_ID', 'abc', /DATASET_ID: "abc": expected a dataset id/],
    ['POLYTEIA_BASE_URL', 'http://polyteia.example', /POLYTEIA_BASE_URL: .*https/],
    [
      'POLYTEIA_ORGANIZATION_ID',
      'a b',
      /POLYTEIA_ORGANIZATION_ID or POLYTEIA_ORGANIZATION_SLUG: "a b": expected/,
    ],
    ['INGEST_TIMEOUT', 'soon', /INGEST_TIMEOUT: "soon": expected a duration such as/],
  ])('names the variable of %s=%s', (name, value, message) => {
    expect(() => read(change(name, value, sessionExample))).toThrow(message);
  });

  it('may have a host with a dot at its end, as Kubernetes has absolute names', () => {
    const { sources } = read(
      change('SOURCE_DATABASE_HOST', 'db.ns.svc.cluster.local.', sessionExample),
    ).config;
    expect(sources.default).toMatchObject({ host: 'db.ns.svc.cluster.local' });
    expect(() => read(change('SOURCE_DATABASE_HOST', 'db..', sessionExample))).toThrow(
      /expected a host name/,
    );
  });

  it('names all that is wrong at once, with the names that were probably meant', () => {
    const text = classicExample
      .replace('SOURCE_DATABASE_USER=', 'SOURCE_DATABASE_USERNAME=')
      .replace('SOURCE_DATABASE_NAME=', 'SOURCE_DATABSE_NAME=')
      .replace('PORT=5432', 'PORT=abc')
      .replace('DATASET_ID=ds_', 'DATASET_ID=')
      .replace('"0 0 * * *"', '"0 25 * * *"')
      .replace('"SELECT * FROM db.my_table;"', '"DELETE FROM db.my_table;"');
    expect(() => read(text)).toThrow(
      [
        'x.env is not valid (6 problems):',
        '  SOURCE_DATABASE_USER: missing; is SOURCE_DATABASE_USERNAME meant to be this variable?',
        '  SOURCE_DATABASE_NAME: missing; is SOURCE_DATABSE_NAME meant to be this variable?',
        '  SOURCE_DATABASE_SQL_QUERY: begins with DELETE: Ferry only reads; expected a query such as SELECT * FROM orders',
        '  CRON_SCHEDULE: "25": expected an hour of 0–23',
        '  SOURCE_DATABASE_PORT: "abc": expected a number',
        '  DATASET_ID: "cv4t2cf0i6q1gflvu4m0": expected a dataset id such as ds_cv4t2cf0i6q1gflvu4m0',
      ].join('\n'),
    );
  });

  it('warns about a variable that is misspelled, and one whose value has lost something', () => {
    const text = change('SOURCE_DATABASE_PASSWORD', 'pa$WORD').replace('CRON_SCHEDULE=', 'CRON_SHEDULE=');
    const { warnings, secrets } = read(text);
    expect(JSON.parse(secrets.get('env/source') ?? '').password).toBe('pa');
    expect(warnings).toContain(
      'CRON_SHEDULE is not a variable of the connector, and has no effect; did you mean CRON_SCHEDULE?',
    );
    const [loss] = warnings.filter((warning) => warning.startsWith('SOURCE_DATABASE_PASSWORD: $'));
    expect(loss).toContain("put the value in single quotes: SOURCE_DATABASE_PASSWORD='…'");
    expect(warnings.join()).not.toContain('WORD was');
    const kept = read(change('SOURCE_DATABASE_PASSWORD', "'pa$WORD'"));
    expect(kept.warnings.some((warning) => warning.includes('single quotes'))).toBe(false);
  });

  it('refuses an organization that is named twice', () => {
    expect(() => read(`${sessionExample}POLYTEIA_ORGANIZATION_SLUG=stadt\n`)).toThrow(
      /POLYTEIA_ORGANIZATION_ID and POLYTEIA_ORGANIZATION_SLUG: expected only one of the two/,
    );
  });

  it.each(['SOURCE_DATABASE_TYPE', 'SOURCE_DATABASE_HOST', 'POLYTEIA_BASE_URL', 'INGEST_TIMEOUT', 'TZ'])(
    'never repeats a connection string given as %s',
    (name) => {
      const text = `${sessionExample}${name}=https://u:GEHEIM@host/db\n`;
      let said = '';
      try {
        said = JSON.stringify(read(text).warnings);
      } catch (error) {
        said = String(error);
      }
      expect(said).not.toContain('GEHEIM');
    },
  );
});

describe('isEnvFile', () => {
  it.each([
    ['.env', true],
    ['a/berlin.env', true],
    ['.env.production', true],
    ['a.env.local', true],
    ['ferry.yaml', false],
    ['environment.yaml', false],
    ['a.env/ferry.yaml', false],
  ])('%s: %j', (path, expected) => {
    expect(isEnvFile(path)).toBe(expected);
  });
});

describe('a .env file that is not UTF-8', () => {
  it('is refused where a value would be another one, by name', () => {
    const latin1 = (text: string) => Buffer.from(text, 'latin1').toString('utf8');
    const changed = change('SOURCE_DATABASE_PASSWORD', 'geheim-größe');
    expect(() => read(latin1(changed))).toThrow(
      'SOURCE_DATABASE_PASSWORD: a character that is not UTF-8: save the file as UTF-8',
    );
    expect(() => read(latin1(changed))).not.toThrow('geheim');
    expect(() => read(latin1(`# Größe\n${classicExample}`))).not.toThrow();
  });

  it('is refused as a whole in UTF-16', () => {
    const utf16 = Buffer.from(`\ufeff${classicExample}`, 'utf16le').toString('utf8');
    expect(() => read(utf16)).toThrow('line 1: a character that is not UTF-8');
  });
});
