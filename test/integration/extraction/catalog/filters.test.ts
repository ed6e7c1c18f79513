import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, SourceUnavailableError } from '../../../../shared/errors.ts';
import { type CatalogFilters, EVERYTHING } from '../../../../shared/source/catalog/filters.ts';
import { listDatabases } from '../../../../shared/source/postgres/catalog/scope/postgres-databases.ts';
import {
  assertPatterns,
  quoteText,
  relationInScope,
  schemasInScope,
} from '../../../../shared/source/postgres/catalog/scope/postgres-filters.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres-server.ts';
import { POSTGRES_VERSIONS } from '../../../support/servers/postgres-versions.ts';
import { queryDatabase } from '../../../support/servers/query-database.ts';
import { openSession, type TestSession } from '../../../support/source/source-session.ts';

const schemas = [
  ...['public', 'app', 'apps', 'my_app', 'App', 'sales_2023', 'sales_2024', 'salesX2024', 'pgx'],
  ...[
    "o'brien",
    '"',
    'back\\slash',
    'with:word',
    '100%',
    '$1',
    'ämter',
    'Ämter',
    '📦 Päckchen',
    'line\nbreak',
  ],
];
const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;
const filters = (changes: Partial<CatalogFilters>): CatalogFilters => ({ ...EVERYTHING, ...changes });

/** Title, filters, what they leave in the database `edge`. */
const cases: [string, Partial<CatalogFilters>, string[]][] = [
  ['nothing leaves out nothing', {}, schemas],
  ['a whole name', { include: { edge: ['public'] } }, ['public']],
  ['anchors of one’s own', { include: { '^edge$': ['^public$'] } }, ['public']],
  ['"*"', { include: { '^edge$': '*' } }, schemas],
  ['[]', { include: { '^edge$': [] } }, schemas],
  ['["*"]', { include: { '^edge$': ['*'] } }, schemas],
  ['* for the database too', { include: { '*': ['app'] } }, ['app']],
  ['no database of that name', { include: { nodb: '*' } }, []],
  ['no schema of that name', { include: { edge: ['nosch'] } }, []],
  ['a database pattern is whole', { include: { ge: '*', edg: '*', '^edg': '*' } }, []],
  ['a schema pattern is whole, also with ^ alone', { include: { edge: ['^app', 'sales_'] } }, ['app']],
  ['a prefix is written with .*', { include: { edge: ['^app.*'] } }, ['app', 'apps']],
  ['upper and lower case differ', { include: { edge: ['APP', 'app'] } }, ['app']],
  ['(?i)', { include: { '(?i)EDGE': ['(?i)APP'] } }, ['app', 'App']],
  ['alternatives', { include: { 'x|edge': ['app|App'] } }, ['app', 'App']],
  ['alternatives with anchors', { include: { '^x$|^edge$': ['^app$|^App$'] } }, ['app', 'App']],
  ['several entries', { include: { edge: ['app'], 'ed.*': ['App'] } }, ['app', 'App']],
  ['a dot is any letter', { include: { edge: ['sales.2024'] } }, ['sales_2024', 'salesX2024']],
  ['an escaped dot is a dot', { include: { edge: ['sales\\.2024', '***=sales.2024'] } }, []],
  ['***: and ***=', { include: { '***:edge': ['***=$1', '***=100%'] } }, ['$1', '100%']],
  ['(?x) with a comment', { include: { edge: ['(?x) a p p # no bracket: )'] } }, ['app']],
  ['(?n), in which ^ and $ are ends of lines', { include: { edge: ['(?n)^line$', '(?n)^break$'] } }, []],
  ['several lines', { include: { edge: ['line.break'] } }, ['line\nbreak']],
  ['not greedy', { include: { edge: ['a.*?'] } }, ['app', 'apps']],
  ['a backreference', { include: { edge: ['a(p)\\1'] } }, ['app']],
  ['a quote', { include: { edge: ["o'brien", '"'] } }, ["o'brien", '"']],
  ['a backslash', { include: { edge: ['back\\\\slash'] } }, ['back\\slash']],
  ['a class', { include: { edge: ['sales_\\d{4}'] } }, ['sales_2023', 'sales_2024']],
  [':word, % and $', { include: { edge: ['with:word', '100%', '\\$1'] } }, ['with:word', '100%', '$1']],
  ['umlauts and emoji', { include: { edge: ['ämter', '📦.*'] } }, ['ämter', '📦 Päckchen']],
  ['umlauts are letters', { include: { edge: ['\\w+ter'] } }, ['ämter', 'Ämter']],
  ['umlauts have capitals', { include: { edge: ['(?i)ämter'] } }, ['ämter', 'Ämter']],
  ['the system’s are never there', { include: { edge: ['pg_.*', 'information_schema', 'pg.*'] } }, ['pgx']],
  ['exclude', { exclude: { edge: ['.*[^p]', 'p.*'] } }, ['app', 'my_app', 'App']],
  ['exclude of another database', { exclude: { ge: '*', nodb: ['.*'] } }, schemas],
  ['exclude all', { exclude: { edge: '*' } }, []],
  ['exclude wins', { include: { edge: ['app', 'apps'] }, exclude: { edge: ['apps'] } }, ['app']],
  ['SQL', { include: { edge: ["app' OR 'x' = 'x", "\\'; DROP SCHEMA app; --", "x' OR true --"] } }, []],
  ['SQL as a database', { include: { "edge' OR true --": '*' } }, []],
];

describe.each(POSTGRES_VERSIONS)('filters on %s', (_title, options) => {
  let server: PostgresServer;
  let edge: TestSession;
  beforeAll(async () => {
    server = await startPostgres(options);
    await server.query("CREATE DATABASE edge TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'");
    for (const name of ['ge', 'Edge', 'ümläut']) await server.query(`CREATE DATABASE ${identifier(name)}`);
    // Where a backslash in a plain literal is an escape: what is sent must read the same.
    await server.query(
      "CREATE ROLE leser LOGIN PASSWORD 'leser'; ALTER ROLE leser SET standard_conforming_strings = off; ALTER ROLE leser SET backslash_quote = on",
    );
    const created = schemas
      .filter((name) => name !== 'public')
      .map((name) => `CREATE SCHEMA ${identifier(name)}`);
    await queryDatabase(server, 'edge', created.join('; '));
    edge = await openSession({ ...server, database: 'edge', user: 'leser', password: 'leser' });
    expect((await edge.ask("SELECT current_setting('standard_conforming_strings')")).rows).toEqual([['off']]);
  });
  afterAll(async () => {
    await edge?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  it.each(cases)('%s', async (_case, changes, expected) => {
    await assertPatterns(edge.ask, filters(changes));
    const { names, rows } = await edge.ask(schemasInScope(filters(changes)));
    expect(names).toEqual(['oid', 'name']);
    expect(rows.map(([, name]) => name).sort()).toEqual([...expected].sort());
  });

  it('any text arrives unchanged, whatever standard_conforming_strings is', async () => {
    const signs = [
      "'",
      '\\',
      '"',
      '$',
      '$$',
      '%',
      ':a',
      '?',
      '--',
      '/*',
      ';',
      '\n',
      'é',
      '😀',
      'x',
      'E',
      "\\'",
    ];
    const random = seededRandom(7);
    const texts = Array.from({ length: 300 }, () =>
      Array.from({ length: random(12) }, () => signs[random(signs.length)]).join(''),
    );
    const sql = `SELECT ${texts.map((text, index) => `${quoteText(text)} AS c${index}`).join(', ')}`;
    expect((await edge.ask(sql)).rows).toEqual([texts]);
    // A transaction of the session has the setting on.
    await edge.session.transaction(async () => expect((await edge.ask(sql)).rows).toEqual([texts]));
  });

  it.each<[string, string[]]>([
    ['', ['tmp_a', 'a_tmp_', 'A', "o'b"]],
    ['^tmp_', ['a_tmp_', 'A', "o'b"]],
    ['tmp', ['A', "o'b"]],
    ['(?i)^a', ['tmp_a', "o'b"]],
    ["'|\\\\", ['tmp_a', 'a_tmp_', 'A']],
    ["(?q)o'b", ['tmp_a', 'a_tmp_', 'A']],
  ])('tempTableRegex %j', async (tempTableRegex, expected) => {
    const names = `(SELECT unnest(ARRAY['tmp_a', 'a_tmp_', 'A', 'o''b'])::name AS relname) AS c`;
    const { rows } = await edge.ask(
      `SELECT relname FROM ${names} WHERE ${relationInScope(filters({ tempTableRegex }), 'c.relname')}`,
    );
    expect(rows.map(([name]) => name)).toEqual(expected);
  });

  it.each<[Partial<CatalogFilters>, string]>([
    [
      { include: { '^edge$': ['app', '[a'] } },
      'include: the schema pattern "[a" of "^edge$" is not a valid Postgres regular expression: brackets [] not balanced.',
    ],
    [
      { include: { edge: ['a)|(b'] } },
      'include: the schema pattern "a)|(b" of "edge" is not a valid Postgres regular expression: parentheses () not balanced.',
    ],
    [
      { include: { '(': '*' } },
      'include: the database pattern "(" is not a valid Postgres regular expression: parentheses () not balanced.',
    ],
    [
      { exclude: { edge: ['a{2,1}'] } },
      'exclude: the schema pattern "a{2,1}" of "edge" is not a valid Postgres regular expression: invalid repetition count(s).',
    ],
    [
      { exclude: { edge: ['b\\'] } },
      'exclude: the schema pattern "b\\" of "edge" is not a valid Postgres regular expression: invalid escape \\ sequence.',
    ],
    [
      { include: { edge: ["o'[[:nix:]]"] } },
      'include: the schema pattern "o\'[[:nix:]]" of "edge" is not a valid Postgres regular expression: invalid character class.',
    ],
    [
      { tempTableRegex: '*_tmp' },
      'tempTableRegex "*_tmp" is not a valid Postgres regular expression: quantifier operand invalid.',
    ],
    [
      { include: { edge: ['(?z)a'] } },
      'include: the schema pattern "(?z)a" of "edge" is not a valid Postgres regular expression: invalid embedded option.',
    ],
    // One that matches, before the wrong one.
    [
      { include: { '.*': ['.*'] }, tempTableRegex: '+' },
      'tempTableRegex "+" is not a valid Postgres regular expression: quantifier operand invalid.',
    ],
  ])('%j is refused with the server’s reason', async (changes, message) => {
    const error = await assertPatterns(edge.ask, filters(changes)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ message, hint: expect.stringContaining('backslash') });
  });

  it('asks once if all are right, and distinguishes another failure from a wrong pattern', async () => {
    const right = filters({
      include: { edge: ['a', 'b'], ge: '*' },
      exclude: { x: ['y'] },
      tempTableRegex: 'z',
    });
    edge.statements.length = 0;
    await assertPatterns(edge.ask, right);
    expect(edge.statements).toHaveLength(1);

    const broken = new SourceUnavailableError('The connection broke.');
    await expect(assertPatterns(() => Promise.reject(broken), right)).rejects.toBe(broken);

    // After an error a transaction refuses everything: no pattern is to blame for that.
    const ended = await edge.session
      .transaction(async () => {
        await edge.ask('SELECT 1/0').catch(() => {});
        return assertPatterns(edge.ask, right);
      })
      .catch((thrown: unknown) => thrown);
    expect(ended).toMatchObject({ class: 'QueryError' });
  });

  it.each<[string, Partial<CatalogFilters>, string[]]>([
    ['all', {}, ['Edge', 'edge', 'ge', 'postgres', 'ümläut']],
    ['by whole names', { include: { '^ge$': '*', EDGE: '*', 'ü.*': ['x'] } }, ['ge', 'ümläut']],
    ['none', { include: { nodb: [] } }, []],
    [
      'but those excluded whole',
      { exclude: { '(?i)edge': '*', ge: ['public'] } },
      ['ge', 'postgres', 'ümläut'],
    ],
    ['exclude wins', { include: { ge: ['a'], edge: '*' }, exclude: { ge: [] } }, ['edge']],
  ])('listDatabases: %s', async (_case, changes, expected) => {
    expect((await listDatabases(edge.ask, filters(changes))).map(({ name }) => name)).toEqual(expected);
  });

  it('listDatabases leaves out databases that the login may not enter, and refuses a wrong pattern', async () => {
    await server.query('CREATE DATABASE closed');
    await server.query('REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
    await server.query('CREATE DATABASE idle ALLOW_CONNECTIONS false');
    const all = (await listDatabases(edge.ask, EVERYTHING)).map(({ name }) => name);
    expect(all).toContain('edge');
    expect(all).not.toContain('closed');
    expect(all).not.toContain('idle');
    expect(all).not.toContain('template1');
    await using owner = await openSession(server);
    expect((await listDatabases(owner.ask, EVERYTHING)).map(({ name }) => name)).toContain('closed');
    await expect(listDatabases(edge.ask, filters({ include: { '[': '*' } }))).rejects.toThrow(ConfigError);
  });
});

/** 0 … below - 1, the same at each run of the test. */
function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}
