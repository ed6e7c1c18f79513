import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connection } from '../../support/atlan/catalog.ts';
import { expectInvalid, expectRefusal } from '../../support/atlan/refusals.ts';
import { type AtlanServer, startAtlan, startRun } from '../../support/atlan/start-atlan.ts';

// Bodies that no route takes: each is refused with FastAPI's form, which names the field and never repeats a value.

const SECRET = 'Geheim-4711';
const credentials = {
  authType: 'basic',
  host: '127.0.0.1',
  // Nobody listens: what is valid gets as far as that.
  port: 1,
  username: 'reader',
  password: SECRET,
  region: 'eu-central-1',
  extra: { database: 'postgres' },
};
const metadata = {
  'include-filter': '{"^postgres$":["^public$"]}',
  'exclude-filter': '{}',
  'temp-table-regex': '',
};
const valid: Record<string, Record<string, unknown>> = {
  auth: credentials,
  metadata: { ...credentials, type: 'all', database: '' },
  check: { credentials, metadata },
  start: { credentials, connection, metadata },
};
const ROUTES = [...Object.keys(valid), 'config/stored'];

let atlan: AtlanServer;
beforeAll(async () => {
  atlan = await startAtlan({ args: ['--allow-hosts', '127.0.0.0/8'] });
  await startRun(atlan, { ...valid.start, argo_workflow_name: 'stored' });
});
afterAll(() => atlan?.stop());

/** A body with one thing changed; undefined takes it away. */
function withChange(body: Record<string, unknown>, [key = '', ...rest]: string[], value: unknown): object {
  if (rest.length === 0) return { ...body, [key]: value };
  return { ...body, [key]: withChange((body[key] ?? {}) as Record<string, unknown>, rest, value) };
}

type Wrong = readonly [path: string, values: readonly unknown[]];
const NO_TEXTS = [5, true, [], { a: SECRET }];
const ofCredentials: Wrong[] = [
  ['host', [undefined, null, '', ...NO_TEXTS]],
  ['port', [SECRET, -1, 0, 65_536, 1.5, true, [], { a: 1 }, '5432x', '1e3']],
  ['username', [undefined, null, '', true, [], { a: SECRET }]],
  ['password', [undefined, null, true, [SECRET], { a: SECRET }]],
  ['authType', ['kerberos', SECRET, ...NO_TEXTS]],
  ['region', NO_TEXTS],
  ['extra', [5, true, [SECRET], `{"${SECRET}`, `"${SECRET}"`, '[]', '5']],
  ['extra.database', [...NO_TEXTS]],
];
const ofMetadata: Wrong[] = [
  ['include-filter', [5, true, `{"${SECRET}`, '"x"', '[]', '5', '{"^db$":5}', '{"^db$":[5]}', { db: 5 }]],
  ['exclude-filter', [5, true, `{"${SECRET}`, '[]', '{"^db$":{"a":1}}', { db: [5] }]],
  ['temp-table-regex', [5, true, [], { a: SECRET }]],
  ['exclude_views', [5, SECRET, [], { a: SECRET }]],
];
const ofConnection: Wrong[] = [
  ['connection_name', [undefined, null, '', 5, [], { a: SECRET }]],
  [
    'connection_qualified_name',
    [undefined, null, '', 5, [], 'default/postgres', 'default/postgres/1/2', '//', SECRET],
  ],
];
const below = (prefix: string, wrong: Wrong[]): Wrong[] =>
  wrong.map(([path, values]) => [`${prefix}.${path}`, values]);
const NO_OBJECTS = [undefined, null, 5, true, SECRET];

const cases: readonly (readonly [route: string, wrong: Wrong[]])[] = [
  ['auth', ofCredentials],
  [
    'metadata',
    [
      ...ofCredentials,
      ['type', [undefined, null, SECRET, 'tables', '', ...NO_TEXTS]],
      ['database', NO_TEXTS],
    ],
  ],
  [
    'check',
    [
      ['credentials', [...NO_OBJECTS, [SECRET], [{ key: 5, value: SECRET }], [{ key: 'host' }], []]],
      ['metadata', [...NO_OBJECTS, [SECRET]]],
      ...below('credentials', ofCredentials),
      ...below('metadata', ofMetadata),
    ],
  ],
  [
    'start',
    [
      ['credentials', [...NO_OBJECTS, [SECRET], [{ key: 5, value: SECRET }]]],
      ['connection', [...NO_OBJECTS, [SECRET]]],
      ['metadata', [5, true, SECRET, [SECRET]]],
      ['workflow_id', [...NO_TEXTS, '../x', 'a/b', 'x'.repeat(300), 'a\u0000b', '..']],
      ['argo_workflow_name', [...NO_TEXTS, '../x', 'a/b', 'x'.repeat(300), '..']],
      [
        'output_prefix',
        [
          ...NO_TEXTS,
          '../x',
          'a/../b',
          '/../etc',
          'a/..',
          '..',
          'a\u0000b',
          'a\nb',
          's3://bucket/x',
          'x'.repeat(2_000),
        ],
      ],
      ['cron_schedule', ['0 5 * * *', '@daily', ...NO_TEXTS]],
      ...below('credentials', ofCredentials),
      ...below('connection', ofConnection),
      ...below('metadata', ofMetadata),
    ],
  ],
  [
    'config/stored',
    [
      ['connection', [5, true, SECRET, [SECRET]]],
      ['metadata', [5, true, SECRET, [SECRET]]],
      ['credential_guid', [...NO_TEXTS]],
      ...below('connection', ofConnection),
      ...below('metadata', ofMetadata),
    ],
  ],
];
const fields = cases.flatMap(([route, wrong]) =>
  wrong.map(([path, values]) => [route, path, values] as const),
);

describe('a body', () => {
  it.each(['auth', 'metadata', 'check'])(
    'of /%s that is right gets as far as the database',
    async (route) => {
      const refusal = expectRefusal(await atlan.post(route, valid[route]), 502);
      expect(refusal.details).toContain('127.0.0.1:1');
    },
  );

  it.each(fields)('of /%s with a wrong %s is refused', async (route, path, values) => {
    const accepted: string[] = [];
    for (const value of values) {
      const base = route.startsWith('config') ? { connection, metadata } : (valid[route] ?? {});
      const answer = await atlan.post(route, withChange(base, path.split('.'), value));
      expect(answer.text).not.toContain(SECRET);
      if (answer.status !== 422) accepted.push(`${answer.status} ${JSON.stringify(value)?.slice(0, 100)}`);
      else expectInvalid(answer, ...(value === undefined ? [] : [path.split('.').at(-1) ?? '']));
    }
    expect(accepted).toEqual([]);
  });

  it.each(ROUTES)('of /%s that is no object is refused', async (route) => {
    for (const body of [
      '',
      '{',
      `{"password": "${SECRET}"`,
      SECRET,
      '[]',
      `["${SECRET}"]`,
      '5',
      `"${SECRET}"`,
      'null',
      'true',
      '\u0000',
    ]) {
      const answer = await atlan.post(route, body);
      expectRefusal(answer, 422);
      expectInvalid(answer);
      expect(answer.text).not.toContain(SECRET);
    }
    expectInvalid(await atlan.post(route, undefined));
  });

  it.each(ROUTES)('of /%s with a key twice is refused: the first would get lost', async (route) => {
    // A key may be in several objects, and in a text.
    const filters = String.raw`{"include-filter":{"a":[],"b":[]},"x":"{\"x\":1}","exclude-filter":{"a":["${SECRET}"],"\u0061" : []}}`;
    const body = JSON.stringify({ ...(valid[route] ?? { connection }), metadata: 'FILTERS' });
    const answer = await atlan.post(route, body.replace('"FILTERS"', filters));
    expectInvalid(answer);
    expect(answer.text).toContain('twice');
    expect(answer.text).not.toContain(SECRET);
  });

  it.each(['auth', 'metadata', 'check', 'start'])('of /%s without anything is refused', async (route) => {
    expectInvalid(await atlan.post(route, {}));
  });

  it.each(ROUTES)('of /%s that has 1 MB is refused', async (route) => {
    const long = 'x'.repeat(1_000_000);
    expectRefusal(
      await atlan.post(route, { ...(valid[route] ?? { connection, metadata }), padding: long }),
      413,
      422,
    );
    expectRefusal(await atlan.post(route, long), 413, 422);
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    expectRefusal(
      await atlan.post(route, `{"credentials":${deep},"extra":${deep},"metadata":${deep}}`),
      413,
      422,
    );
    const pairs = Array.from({ length: 5_000 }, (_, n) => ({ key: `k${n}`, value: SECRET }));
    expectRefusal(await atlan.post(route, { credentials: pairs, metadata: pairs }), 413, 422);
  });

  it('with names of JavaScript’s own is only a body', async () => {
    const text = JSON.stringify(valid.auth).replace(
      '{',
      '{"__proto__":{"host":"x"},"constructor":{"prototype":{"port":5}},',
    );
    expectRefusal(await atlan.post('auth', text), 502, 422);
    expect(({} as Record<string, unknown>).host).toBeUndefined();
  });

  it.each([true, false, 1, 0, null, '', 'true', 'False', 'YES', '0'])(
    'may have a flag as forms and programs send them: %j',
    async (flag) => {
      const flags = { exclude_views: flag, exclude_empty_tables: flag };
      const answer = await atlan.post('check', { credentials, metadata: { ...metadata, ...flags } });
      // As far as the database.
      expectRefusal(answer, 502);
    },
  );

  it('whose cron_schedule is empty is none', async () => {
    const answer = await atlan.post('start', {
      ...valid.start,
      argo_workflow_name: 'once',
      cron_schedule: '',
    });
    expect(answer.status, answer.text).toBe(200);
  });

  it('with a cron_schedule learns where schedules are', async () => {
    const answer = await atlan.post('start', { ...valid.start, cron_schedule: '0 5 * * *' });
    expect(expectRefusal(answer, 422).details).toMatch(/ferry\.yaml/);
  });

  it('does not leave anything behind that was refused', async () => {
    const { body } = await atlan.get('config/stored');
    expect(body?.data).toMatchObject({ connection, metadata });
    expectRefusal(await atlan.get('config/x'), 404);
  });
});

describe('a method or address that there is not', () => {
  it('is refused in the same form', async () => {
    for (const path of ['auth', 'metadata', 'check', 'start', 'stop/a/b'])
      expectRefusal(await atlan.get(path), 404, 405);
    for (const path of [
      'nothing',
      'status/a',
      'configmap/x/y/z',
      'status/%2e%2e/x',
      'config/%00',
      'config/a%2fb',
    ])
      expectRefusal(await atlan.get(path), 400, 404, 422);
    for (const path of ['status/a/b', 'result/a', '/server/health', '/server/ready'])
      expect([path, (await atlan.post(path, {})).status]).toEqual([path, 405]);
  });
});
