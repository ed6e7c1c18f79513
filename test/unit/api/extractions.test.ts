import { describe, expect, it } from 'vitest';
import { extractionRecord, jobsWithExtraction, startTestApi } from '../../support/api.ts';

const nightly = { name: 'nightly', kind: 'extraction', sources: ['erp', 'hr'] };

describe('an extraction', () => {
  it('is shown next to syncs, with its kind and its sources', async () => {
    const api = startTestApi({ index: jobsWithExtraction });
    const { body } = await api.call('GET', '/jobs');
    expect(body.jobs.map(({ name, kind }: { name: string; kind: string }) => [name, kind])).toEqual([
      ['customers', 'sync'],
      ['nightly', 'extraction'],
      ['orders', 'sync'],
    ]);
    expect(body.jobs[1]).toEqual({
      ...nightly,
      schedule: { expression: 'cron(0 5 * * ? *)', timezone: 'UTC', enabled: true },
      nextRun: expect.any(String),
    });
  });

  it('is shown with a run of which some databases failed, and the last complete one', async () => {
    const api = startTestApi({ index: jobsWithExtraction });
    const good = extractionRecord({ startedAt: '2026-11-19T05:00:00.000Z' });
    const partial = extractionRecord({
      state: 'partial',
      error: { class: 'AuthError', message: '1 of 2 databases failed.' },
      databases: [
        { source: 'erp', database: 'erp', state: 'extracted', entities: 12 },
        { source: 'hr', state: 'failed', entities: 0, error: { class: 'AuthError', message: 'Refused.' } },
      ],
    });
    await api.runs.save(good);
    await api.runs.save(partial);
    expect((await api.call('GET', '/jobs/nightly')).body).toMatchObject({
      ...nightly,
      lastRun: { id: partial.id, state: 'partial', rows: 12, error: 'AuthError' },
      lastGoodRun: { id: good.id, state: 'succeeded' },
    });
    const { schemaVersion: _schemaVersion, ...shown } = partial;
    expect((await api.call('GET', `/runs/${partial.id}`)).body).toEqual({ ...shown, actions: [] });
    expect((await api.call('GET', '/jobs/nightly/runs')).body.runs).toHaveLength(2);
    expect((await api.call('POST', `/runs/${partial.id}/cancel`)).status).toBe(409);
  });

  it('is started like any job, and its run is queued until it has begun', async () => {
    const api = startTestApi({ index: jobsWithExtraction });
    const { status, body } = await api.call('POST', '/jobs/nightly/runs', {
      headers: { 'idempotency-key': 'monday' },
    });
    expect([status, body.job]).toEqual([202, 'nightly']);
    expect(api.started).toMatchObject([{ job: 'nightly', runId: body.runId }]);
    expect((await api.call('GET', `/runs/${body.runId}`)).body).toMatchObject({
      kind: 'extraction',
      sources: ['erp', 'hr'],
      state: 'queued',
      stale: false,
    });
  });

  it.each(['accept', 'resend'])('has no run with a file for %s, and the answer says so', async (route) => {
    const api = startTestApi({ index: jobsWithExtraction });
    const run = extractionRecord();
    await api.runs.save(run);
    expect(await api.call('POST', `/runs/${run.id}/${route}`)).toMatchObject({
      status: 409,
      body: {
        detail: `Run ${run.id} belongs to the extraction "nightly", which sends nothing to Polyteia: run the job again.`,
      },
    });
    expect(api.started).toEqual([]);
  });
});
