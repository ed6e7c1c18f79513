import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/load-config.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import type { WatchedJob } from '../../../shared/watchdog/watched-jobs.ts';
import { watchedJobsOf } from '../../../shared/watchdog/watched-jobs.ts';
import { CALLER, extractionRecord } from '../../support/api.ts';
import { MINUTE, type WatchdogWorld, watchdogWorld } from '../../support/watchdog.ts';

const catalogs: WatchedJob = {
  kind: 'extraction',
  function: 1,
  timeoutMs: 15 * MINUTE,
  schedule: { cron: '30 4 * * *', timezone: 'Europe/Berlin', windowMs: 0, enabled: true },
};
const { schedule: _schedule, ...onDemand } = catalogs;
const error = (type: string, message = 'hr: The source refused the login.') => ({
  error: { class: type, message, hint: 'Change the secret.' },
});

/** The facts of a run that somebody asked for; when it began and ended is the world's to say. */
function asked(): Partial<RunRecord> {
  const {
    id: _id,
    scheduledTime: _planned,
    startedAt: _started,
    endedAt: _ended,
    ...facts
  } = extractionRecord();
  return { ...facts, trigger: 'api' };
}

/** Each run ends, and is followed by two rounds: what was told, without the stack's name. */
async function tellAll(world: WatchdogWorld, ...runs: Partial<RunRecord>[]): Promise<string[]> {
  for (const facts of runs) {
    await world.ended({ ...asked(), ...facts });
    for (let round = 0; round < 2; round += 1) {
      await world.round();
      world.wait(5 * MINUTE);
    }
  }
  return world.subjects().map((subject) => subject.replace(' [Ferry, ferry-prod]', ''));
}

describe('an extraction of which some databases failed', () => {
  it('is reported once, whichever they are, and once more when all were read', async () => {
    const one = watchdogWorld({ nightly: onDemand });
    const told = await tellAll(
      one,
      { state: 'partial', ...error('AuthError') },
      { state: 'partial', ...error('SourceUnavailableError', 'erp: not reachable') },
      { state: 'succeeded' },
    );
    expect(told).toEqual(['nightly is incomplete: some databases failed', 'nightly works again']);
    expect(one.sent[0]?.text).toContain('nightly (extraction of several sources)');
    expect(one.sent[0]?.text).toContain(
      'Its runs write nothing for some databases; the others are complete.',
    );
    expect(one.sent[0]?.text).toContain('AuthError: hr: The source refused the login.');
    expect(one.sent[0]?.text).toContain('Change the secret.');
    expect(one.sent[0]?.alerts).toMatchObject([{ kind: 'failed', class: 'partial', source: '' }]);
  });

  it('is reported as a different problem than one of which all failed, and neither ends the other', async () => {
    const told = await tellAll(
      watchdogWorld({ nightly: onDemand }),
      { state: 'failed', ...error('AuthError') },
      { state: 'partial', ...error('AuthError') },
      { state: 'cancelled' },
      { state: 'failed', ...error('AuthError') },
      { state: 'succeeded' },
    );
    expect(told).toEqual([
      'nightly failed: AuthError',
      'nightly is incomplete: some databases failed',
      'nightly failed: AuthError',
      'nightly works again',
    ]);
  });

  it('is reported with others that are incomplete, in one mail', async () => {
    const one = watchdogWorld({ nightly: onDemand, weekly: onDemand });
    for (const job of ['nightly', 'weekly']) {
      await one.ended({ ...asked(), job, state: 'partial', ...error('AuthError') });
    }
    await one.round();
    expect(one.subjects()).toEqual(['2 jobs are incomplete: some databases failed [Ferry, ferry-prod]']);
  });

  it('ends the report about a run that came late', async () => {
    const one = watchdogWorld({ nightly: catalogs }, '2026-11-20T03:00:00.000Z');
    await one.round();
    one.at('2026-11-20T05:00:00.000Z');
    await one.round();
    const told = await tellAll(one, { state: 'partial', ...error('AuthError') }, { state: 'succeeded' });
    expect(told).toEqual([
      'nightly did not run when planned',
      'nightly is incomplete: some databases failed',
      'nightly works again',
    ]);
  });
});

describe('an extraction', () => {
  it('that was killed is started again as the same run', async () => {
    const one = watchdogWorld({ nightly: onDemand });
    const { outcome: _outcome, durationMs: _durationMs, ...facts } = asked();
    const { id } = await one.running({ ...facts, state: 'running', triggeredBy: CALLER });
    one.wait(11 * MINUTE);
    await one.round();
    expect(one.started).toEqual([{ job: 'nightly', runId: id, triggeredBy: CALLER }]);
    one.wait(31 * MINUTE);
    await one.round();
    expect(await one.runs.get(id)).toMatchObject({
      state: 'failed',
      error: { class: 'LostError', hint: expect.stringContaining('read fewer databases') },
    });
  });

  it('near its time limit is reported with what to do about it', async () => {
    const one = watchdogWorld({ nightly: onDemand });
    const startedAt = new Date(one.now().getTime() - 14 * MINUTE).toISOString();
    const endedAt = one.now().toISOString();
    await tellAll(one, { state: 'succeeded', startedAt, endedAt, durationMs: 14 * MINUTE });
    expect(one.sent[0]?.text).toContain('split the databases between two extractions');
  });

  it('of one source is reported with it', () => {
    const config = parseConfig(
      `version: 1
defaults: { source: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
sources: { erp: {}, hr: {} }
extractions:
  one: { sources: [erp], function: { timeout: 5m } }
  two: { sources: ["*"], schedule: { cron: "0 5 * * *", window: 15m } }`,
      'ferry.yaml',
    );
    expect(watchedJobsOf(config, '15m')).toEqual({
      one: { kind: 'extraction', source: 'erp', function: 0, timeoutMs: 5 * MINUTE },
      two: {
        kind: 'extraction',
        function: 1,
        timeoutMs: 15 * MINUTE,
        schedule: { cron: '0 5 * * *', timezone: 'UTC', windowMs: 15 * MINUTE, enabled: true },
      },
    });
  });
});
