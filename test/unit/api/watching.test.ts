import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../../shared/api/problems.ts';
import { recordJobCheck } from '../../../shared/runs/records/job-check.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import {
  CALLER,
  extractionRecord,
  jobsWithExtraction,
  runningRecord,
  runRecord,
  startTestApi,
} from '../../support/api.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 4, minute)).toISOString();
const jobOf = (body: { jobs: { name: string }[] }, wanted: string) =>
  body.jobs.find(({ name }) => name === wanted);

describe('the last runs of all jobs', () => {
  it('come with the list, newest first and without those under way, if they are asked for', async () => {
    const api = startTestApi();
    for (let minute = 0; minute < 33; minute += 1)
      await api.runs.save(
        runRecord({
          startedAt: at(minute),
          endedAt: at(minute + 1),
          rows: minute,
          ...(minute === 32 ? { state: 'failed', error: { class: 'GuardError', message: 'no' } } : {}),
        }),
      );
    await api.runs.save(runningRecord({ startedAt: at(40) }));

    const { body } = await api.call('GET', '/jobs?runs=30');
    const { recentRuns } = jobOf(body, 'orders') as unknown as { recentRuns: Record<string, unknown>[] };
    expect(recentRuns).toHaveLength(30);
    expect(recentRuns[0]).toEqual({
      id: expect.any(String),
      state: 'failed',
      startedAt: at(32),
      endedAt: at(33),
      rows: 32,
      error: 'GuardError',
    });
    expect(recentRuns.at(-1)).toMatchObject({ rows: 3 });
    expect(jobOf(body, 'customers')).toMatchObject({ recentRuns: [] });

    const plain = await api.call('GET', '/jobs');
    expect(jobOf(plain.body, 'orders')).not.toHaveProperty('recentRuns');
    expect((await api.call('GET', '/jobs?runs=31')).status).toBe(400);
  });

  it('begin with what the records of an earlier release say', async () => {
    const api = startTestApi();
    for (const minute of [0, 1, 2]) await api.runs.save(runRecord({ startedAt: at(minute) }));
    await api.documents.remove('jobs/orders/recent.json');
    await api.runs.save(runRecord({ startedAt: at(3) }));
    const { body } = await api.call('GET', '/jobs?runs=9');
    expect((jobOf(body, 'orders') as unknown as { recentRuns: unknown[] }).recentRuns).toHaveLength(4);
  });

  it('are none for a job whose picture is damaged, and the list is still answered', async () => {
    const api = startTestApi();
    await api.runs.save(runRecord({ startedAt: at(0) }));
    await api.documents.put('jobs/orders/recent.json', '{"schemaVersion":1,"runs":[{}');
    const { status, body } = await api.call('GET', '/jobs?runs=9');
    // The name of its state still shows the last one.
    expect([
      status,
      (jobOf(body, 'orders') as unknown as { recentRuns: unknown[] }).recentRuns.length,
    ]).toEqual([200, 1]);
  });

  it('never fail a run that cannot add itself', async () => {
    const api = startTestApi();
    api.documents.replace = async () => {
      throw new Error('away');
    };
    await api.runs.save(runRecord({ startedAt: at(0) }));
    expect(await api.runs.readRecent('orders')).toEqual([]);
  });
});

describe('an overdue job', () => {
  const yesterday = () => new Date(Date.now() - 26 * 3_600_000).toISOString();

  it('is one whose newest run is older than the last planned time', async () => {
    const api = startTestApi();
    await api.runs.save(runRecord({ startedAt: yesterday() }));
    const { body } = await api.call('GET', '/jobs/orders');
    expect(Date.parse(body.overdueSince)).toBeGreaterThan(Date.parse(yesterday()));
    expect(Date.parse(body.overdueSince)).toBeLessThan(Date.now() - 15 * 60_000);
    expect(jobOf((await api.call('GET', '/jobs')).body, 'orders')).toHaveProperty('overdueSince');
  });

  it('is none that has run since, has no schedule, or has never run', async () => {
    const api = startTestApi();
    expect((await api.call('GET', '/jobs/orders')).body).not.toHaveProperty('overdueSince');
    await api.runs.save(runRecord({ startedAt: new Date().toISOString() }));
    await api.runs.save(runRecord({ job: 'customers', startedAt: yesterday() }));
    for (const job of ['orders', 'customers'])
      expect((await api.call('GET', `/jobs/${job}`)).body).not.toHaveProperty('overdueSince');
  });
});

it('names the planned runs that a clock change skips', async () => {
  const schedule = { cron: '30 2 * * *', timezone: 'Europe/Berlin', enabled: true };
  const api = startTestApi({
    index: { nightly: { kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default', schedule } },
  });
  const { body } = await api.call('GET', '/jobs/nightly');
  expect(body.skippedRuns).toEqual([
    {
      from: expect.stringMatching(/^\d{4}-03-\d\dT02:00$/),
      to: expect.stringMatching(/T03:00$/),
      times: [expect.stringMatching(/T02:30$/)],
    },
  ]);
});

describe('what can be done with a run', () => {
  it('is to cancel it while it is under way', async () => {
    const api = startTestApi();
    const record = runningRecord();
    await api.runs.save(record);
    expect((await api.call('GET', `/runs/${record.id}`)).body.actions).toEqual(['cancel']);
  });

  it('is to accept it while its refused file is kept, and to send it again while that is archived', async () => {
    const api = startTestApi();
    const refused = runRecord({ state: 'failed', error: { class: 'GuardError', message: 'no' } });
    const archived = runRecord({ startedAt: at(9) });
    for (const record of [refused, archived]) await api.runs.save(record);
    const actionsOf = async (id: string) => (await api.call('GET', `/runs/${id}`)).body.actions;
    expect([await actionsOf(refused.id), await actionsOf(archived.id)]).toEqual([[], []]);
    await api.documents.put(`refused/orders/${refused.id}.parquet`, 'x');
    await api.documents.put(`archive/orders/${archived.id}.parquet`, 'x');
    expect([await actionsOf(refused.id), await actionsOf(archived.id)]).toEqual([['accept'], ['resend']]);
  });
});

describe('a check of a job', () => {
  it('is requested with who asked, and read while it grows', async () => {
    const api = startTestApi();
    expect((await api.call('GET', '/jobs/orders/check')).status).toBe(404);
    const { status, body } = await api.call('POST', '/jobs/orders/check');
    expect([status, api.checked]).toEqual([202, [{ id: body.checkId, job: 'orders', requestedBy: CALLER }]]);

    const hop = { check: 'DNS', status: 'ok', detail: 'erp.example.org' } as const;
    const columns = [{ name: 'größe', sourceType: 'numeric', type: 'DECIMAL(38,10)', refused: 'NaN' }];
    const [request] = api.checked;
    if (!request) throw new Error('It was not requested.');
    await recordJobCheck(request, api.documents, async ({ onCheck, onColumns }) => {
      onColumns(columns);
      onCheck(hop);
      // Written one after the other, before anything else is.
      while ((await api.call('GET', '/jobs/orders/check')).body.checks?.length !== 1);
      expect((await api.call('GET', '/jobs/orders/check')).body).not.toHaveProperty('endedAt');
      return [hop, { check: 'TCP', status: 'skipped', detail: 'not tried' }];
    });
    expect((await api.call('GET', '/jobs/orders/check')).body).toMatchObject({
      id: body.checkId,
      job: 'orders',
      requestedBy: CALLER,
      endedAt: expect.any(String),
      checks: [hop, { check: 'TCP' }],
      columns,
    });
  });

  it('is one at a time for each job, whoever asks and however often', async () => {
    let now = Date.parse(at(0));
    const api = startTestApi({ now: () => new Date(now) });
    const ask = async (job = 'orders') => (await api.call('POST', `/jobs/${job}/check`)).body.checkId;
    // Before it has begun, when there is no document yet, and at the same moment.
    const [first, ...others] = await Promise.all([ask(), ask(), ask()]);
    expect(others).toEqual([first, first]);
    expect(await ask('customers')).not.toBe(first);
    expect(api.checked.map(({ job }) => job)).toEqual(['orders', 'customers']);

    const known = {
      schemaVersion: 1,
      id: first,
      job: 'orders',
      requestedBy: 'jürgen',
      startedAt: at(1),
      checks: [],
    };
    const write = (facts: object) =>
      api.documents.put('jobs/orders/last-check.json', JSON.stringify({ ...known, ...facts }));
    await write({});
    now = Date.parse(at(3));
    expect(await ask()).toBe(first);
    // It was killed.
    now = Date.parse(at(5));
    const second = await ask();
    expect(second).not.toBe(first);
    await write({ id: second, endedAt: at(5) });
    expect(await ask()).not.toBe(second);
    // What cannot be read is in nobody's way.
    now = Date.parse(at(9));
    await api.documents.put('jobs/orders/last-check.json', '{');
    expect((await api.call('POST', '/jobs/orders/check')).status).toBe(202);
    expect(api.checked.filter(({ job }) => job === 'orders')).toHaveLength(4);
  });

  it('has the id of one that waits in the host, if there is one', async () => {
    const waiting = newRunId();
    const api = startTestApi({ check: async () => waiting });
    const ask = async () => (await api.call('POST', '/jobs/orders/check')).body.checkId;
    // Asked of the host each time: only it knows how long that one waits.
    expect([await ask(), await ask()]).toEqual([waiting, waiting]);
    expect(api.checked).toHaveLength(2);
  });

  it('that could not be started is asked for again', async () => {
    let tries = 0;
    const check = async () => {
      tries += 1;
      throw new ProblemError(503, 'Away.');
    };
    const api = startTestApi({ check });
    for (let asked = 0; asked < 2; asked += 1)
      expect((await api.call('POST', '/jobs/orders/check')).status).toBe(503);
    expect(tries).toBe(2);
  });

  it('goes on where its results cannot be written', async () => {
    const put = async () => {
      throw new Error('away');
    };
    const request = { id: newRunId(), job: 'orders', requestedBy: CALLER };
    const result = { check: 'DNS', status: 'ok', detail: 'there' } as const;
    expect(
      await recordJobCheck(request, { put }, async ({ onCheck }) => {
        onCheck(result);
        return [result];
      }),
    ).toEqual([result]);
  });
});

describe('the log of a run', () => {
  it('is what the host has of it', async () => {
    const lines = [{ time: at(0), level: 'info', message: 'run started' }];
    const asked: string[] = [];
    const api = startTestApi({
      readLog: async ({ id, job }) => {
        asked.push(`${job} ${id}`);
        return lines;
      },
    });
    const record = runRecord();
    await api.runs.save(record);
    expect((await api.call('GET', `/runs/${record.id}/log`)).body).toEqual({ lines });
    expect(asked).toEqual([`orders ${record.id}`]);
    expect((await api.call('GET', `/runs/${newRunId()}/log`)).status).toBe(404);
  });

  it('is nowhere for a host that keeps none', async () => {
    const api = startTestApi();
    const record = runRecord();
    await api.runs.save(record);
    expect(await api.call('GET', `/runs/${record.id}/log`)).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('ferry logs') },
    });
  });
});

it('shows the manifest of an extraction, or where it is', async () => {
  const known = { schemaVersion: 1, files: [] };
  const record = extractionRecord();
  const withFiles = startTestApi({ index: jobsWithExtraction, readManifest: async () => known });
  const without = startTestApi({ index: jobsWithExtraction });
  for (const api of [withFiles, without]) await api.runs.save(record);
  expect((await withFiles.call('GET', `/runs/${record.id}/manifest`)).body).toEqual(known);
  expect((await without.call('GET', `/runs/${record.id}/manifest`)).body.detail).toContain(record.manifest);
  const sync = runRecord({ startedAt: at(5) });
  await without.runs.save(sync);
  expect((await without.call('GET', `/runs/${sync.id}/manifest`)).status).toBe(404);
});
