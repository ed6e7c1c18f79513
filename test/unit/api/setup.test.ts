import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../../shared/api/problems.ts';
import type { SetupHost } from '../../../shared/api/setup/setup-host.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { startTestApi } from '../../support/api.ts';

const host: SetupHost = {
  names: { sources: [{ name: 'erp', type: 'postgres' }], targets: ['default'] },
  acceptsCredentials: true,
  startsNew: true,
  scheduler: 'undecided',
};
const sync = { source: 'erp', query: 'SELECT 1 AS id', dataset: 'ds_a' };

describe('GET /setup', () => {
  it('names what a new job can be put together from', async () => {
    const { body } = await startTestApi({ setup: host }).call('GET', '/setup');
    expect(body).toEqual({
      ...host.names,
      jobs: ['customers', 'orders'],
      acceptsCredentials: true,
      describesQueries: false,
      startsNew: true,
    });
  });

  it('knows on AWS what the jobs show, and takes no credentials', async () => {
    const { body } = await startTestApi().call('GET', '/setup');
    expect(body).toMatchObject({
      sources: [{ name: 'erp' }],
      targets: ['default'],
      acceptsCredentials: false,
      startsNew: false,
    });
  });
});

describe('GET /setup/schedule', () => {
  const now = () => new Date('2027-03-26T12:00:00Z');
  const ask = (cron: string, timezone = 'Europe/Berlin', setup?: SetupHost) =>
    startTestApi({ now, ...(setup ? { setup } : {}) }).call(
      'GET',
      `/setup/schedule?${new URLSearchParams({ cron, timezone })}`,
    );

  it('answers the next runs, and those that a clock change skips', async () => {
    const { body } = await ask('30 2 * * *');
    expect(body.nextRuns.slice(0, 3)).toEqual([
      '2027-03-27T01:30:00.000Z',
      '2027-03-29T00:30:00.000Z',
      '2027-03-30T00:30:00.000Z',
    ]);
    expect(body.skippedRuns).toEqual([
      { from: '2027-03-28T02:00', to: '2027-03-28T03:00', times: ['2027-03-28T02:30'] },
    ]);
    expect(body).toMatchObject({ expression: 'cron(30 2 * * ? *)', timezone: 'Europe/Berlin' });
  });

  it('knows none of a schedule that counts in minutes', async () => {
    expect((await ask('@every 90m')).body).toMatchObject({ nextRuns: [], skippedRuns: [] });
  });

  it('says which part is wrong', async () => {
    const [cron, zone] = [await ask('61 4 * * *'), await ask('30 4 * * *', 'Europa/Berlin')];
    expect([cron.status, cron.body.errors[0].path]).toEqual([422, 'query.cron']);
    expect([zone.status, zone.body.errors[0].path]).toEqual([422, 'query.timezone']);
  });

  it('refuses on AWS only what EventBridge cannot keep', async () => {
    expect((await ask('0 5 1 * 1')).status).toBe(422);
    expect((await ask('0 5 1 * 1', 'UTC', host)).status).toBe(200);
  });
});

describe('POST /setup/config', () => {
  const write = async (body: object) =>
    (await startTestApi({ setup: host }).call('POST', '/setup/config', { body })).body;

  it('writes lines that ferry.yaml takes, and the commands for their secrets', async () => {
    const part = {
      sources: {
        hr: {
          type: 'postgres',
          host: 'hr.stadt.example',
          database: 'größe: 1',
          auth: { type: 'password', secret: 'ferry/hr' },
        },
      },
      syncs: {
        staff: {
          ...sync,
          source: 'hr',
          query: "SELECT *\nFROM staff -- 'ä: #'\n",
          schedule: { cron: '30 4 * * *', timezone: 'Europe/Berlin' },
        },
      },
      polyteia: { other: { token: 'ferry/polyteia' } },
    };
    const { yaml, problems, secrets, secretsFile } = await write(part);
    expect(yaml).toMatchInlineSnapshot(`
      "sources:
        hr:
          type: postgres
          host: hr.stadt.example
          database: "größe: 1"
          auth: { type: password, secret: ferry/hr }
      polyteia:
        other:
          token: ferry/polyteia
      syncs:
        staff:
          source: hr
          query: |
            SELECT *
            FROM staff -- 'ä: #'
          dataset: ds_a
          schedule: { cron: "30 4 * * *", timezone: Europe/Berlin }
      "
    `);
    expect(problems).toEqual([]);
    expect(secrets).toEqual([
      {
        name: 'ferry/hr',
        command:
          'aws secretsmanager create-secret --name ferry/hr --secret-string file:///dev/stdin   # paste {"username": "…", "password": "…"}, then Enter and Ctrl-D',
      },
      {
        name: 'ferry/polyteia',
        command:
          'aws secretsmanager create-secret --name ferry/polyteia --secret-string file:///dev/stdin   # paste {"token": "pak_…"}, then Enter and Ctrl-D',
      },
    ]);
    expect(JSON.parse(secretsFile)).toEqual({
      'ferry/hr': { username: '…', password: '…' },
      'ferry/polyteia': { token: 'pak_…' },
    });
    const whole = parseConfig(
      `version: 1\n${yaml.replace('polyteia:', 'polyteia:\n  default: { token: a }')}`,
      'x',
    );
    expect(whole.syncs.staff).toMatchObject(part.syncs.staff);
  });

  it('reports what ferry validate would, with what is configured already', async () => {
    const { problems } = await write({
      sources: { erp: { type: 'postgres', host: 'a', auth: { type: 'password', secret: 'pak_x' } } },
      syncs: { orders: sync, new: { ...sync, source: 'epr', dataset: 'orders' } },
    });
    const paths = problems.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'sources.erp',
        'syncs.orders',
        'syncs.new.source',
        'syncs.new.dataset',
        'sources.erp.auth.secret',
      ]),
    );
    expect(JSON.stringify(problems)).not.toContain('pak_x');
  });

  it('loses no name without a word', async () => {
    const { problems } = (
      await startTestApi({ setup: host }).call('POST', '/setup/config', {
        body: '{"syncs": {"__proto__": {}}}',
      })
    ).body;
    expect(problems).toEqual([
      { path: 'syncs.__proto__', message: 'a name that cannot be used here: choose another one' },
    ]);
  });

  it('takes no more levels than a file has', async () => {
    const deep = Array.from({ length: 2_000 }).reduce((inner) => ({ inner }), {} as object);
    const { call } = startTestApi({ setup: host });
    expect((await call('POST', '/setup/config', { body: { syncs: { a: deep } } })).status).toBe(422);
  });

  it('takes no more names than a person adds at once', async () => {
    const { call } = startTestApi({ setup: host });
    const jobs = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`job-${index}`, { wrong: 1 }]));
    expect((await call('POST', '/setup/config', { body: { syncs: jobs(1_000) } })).status).toBe(422);
    expect((await call('POST', '/setup/config', { body: { syncs: jobs(20) } })).status).toBe(200);
  });

  it('looks through a text with as many line breaks as a body has room for', async () => {
    const { call } = startTestApi({ setup: host });
    const query = `SELECT 1${'\n'.repeat(100_000)}AS a`;
    const begin = performance.now();
    const { status } = await call('POST', '/setup/config', { body: { syncs: { new: { ...sync, query } } } });
    expect(status).toBe(200);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  it('takes nothing else', async () => {
    const { call } = startTestApi({ setup: host });
    expect((await call('POST', '/setup/config', { body: { version: 1 } })).status).toBe(400);
    expect((await call('POST', '/setup/config', { body: { syncs: 'x' } })).status).toBe(400);
    expect((await call('POST', '/setup/config', { body: {} })).body).toMatchObject({ yaml: '', secrets: [] });
  });
});

describe('POST /setup/columns', () => {
  it('asks the host, and passes on what it refuses', async () => {
    const asked: unknown[] = [];
    const { call } = startTestApi({
      setup: {
        ...host,
        async describe(question) {
          asked.push(question);
          if (question.query === 'x') throw new ProblemError(502, 'The source cannot be reached.');
          return { columns: [{ name: 'id', sourceType: 'integer', type: 'INTEGER' }], warnings: [] };
        },
      },
    });
    const body = { source: 'erp', query: 'SELECT 1 AS id' };
    expect((await call('POST', '/setup/columns', { body })).body.columns).toHaveLength(1);
    expect(asked).toEqual([{ ...body, types: 'exact' }]);
    expect((await call('POST', '/setup/columns', { body: { ...body, query: 'x' } })).status).toBe(502);
  });

  it('wants a source or credentials, and is not everywhere', async () => {
    const { call } = startTestApi({ setup: host });
    for (const body of [{ query: 'x' }, { query: 'x', source: 'a', credentials: {} }])
      expect((await call('POST', '/setup/columns', { body })).status).toBe(404);
    const asking = startTestApi({
      setup: { ...host, describe: async () => ({ columns: [], warnings: [] }) },
    });
    for (const body of [{ query: 'x' }, { query: 'x', source: 'a', credentials: {} }])
      expect((await asking.call('POST', '/setup/columns', { body })).status).toBe(422);
    for (const path of ['/setup/columns', '/setup/config'])
      expect((await asking.call('POST', path)).status).toBe(400);
    const { status } = await call('POST', '/setup/columns', { body: { query: 'x', source: 'a' } });
    expect(status).toBe(404);
  });
});
