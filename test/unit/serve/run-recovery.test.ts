import { describe, expect, it } from 'vitest';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { leaseTimes } from '../../../shared/runs/leases/lease.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunRequestStore } from '../../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId, scheduledRunId } from '../../../shared/runs/run-id.ts';
import type { StartEvent } from '../../../shared/runs/start-event.ts';
import { RunRecovery } from '../../../shared/serve/pool/run-recovery.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

const scheduledTime = '2027-03-01T04:30:00.000Z';

function setUp() {
  const documents = createMemoryDocumentStore();
  const runs = createRunStore(documents);
  const requests = createRunRequestStore(documents);
  const started: StartEvent[] = [];
  const beganAt: number[] = [];
  const own = new Set<string>();
  const end = new AbortController();
  let now = 0;
  /** Looks for a minute, after what `during` does at each pause. */
  const recover = async (during: (second: number) => Promise<void> = async () => {}) => {
    await new RunRecovery({
      isOurs: (job) => job === 'orders',
      runs,
      requests,
      pool: { has: (id) => own.has(id), start: (event) => started.push(event) && beganAt.push(now / 1000) },
      scope: 'test',
      logger: createLogger({ level: 'silent' }),
      clock: {
        now: () => now,
        async sleep(ms) {
          now += ms;
          await during(now / 1000);
          if (now > 60_000) end.abort();
        },
      },
    }).run(end.signal);
    return started;
  };
  const record = (changes: Partial<RunRecord> = {}): RunRecord => ({
    schemaVersion: 1,
    id: scheduledRunId('test', 'orders', scheduledTime),
    job: 'orders',
    kind: 'sync',
    state: 'running',
    trigger: 'schedule',
    scheduledTime,
    startedAt: scheduledTime,
    phases: [],
    warnings: [],
    configHash: '',
    ...changes,
  });
  const lease = async (runId: string) => {
    const acquired = await runs.acquireLease({
      job: 'orders',
      runId,
      times: leaseTimes,
      sleep: async () => {},
    });
    if (acquired.outcome !== 'acquired') throw new Error(acquired.outcome);
    return acquired.lease;
  };
  return { runs, requests, own, beganAt, recover, record, lease };
}

describe('runs that nobody works on', () => {
  it('begin again by their own id: a scheduled one that was killed or handed over', async () => {
    const { runs, recover, record } = setUp();
    await runs.save(record({ state: 'queued' }));
    expect((await recover())[0]).toEqual({ job: 'orders', scheduledTime });
  });

  it('begin again as they were asked for', async () => {
    const { runs, requests, recover, record } = setUp();
    const id = newRunId();
    const request = { job: 'orders', runId: id, triggeredBy: 'someone', accept: { runId: newRunId() } };
    await requests.save({ requestedAt: scheduledTime, request });
    const { scheduledTime: _none, ...asked } = record({ id, trigger: 'api', triggeredBy: 'someone' });
    await runs.save(asked);
    expect((await recover())[0]).toEqual(request);
  });

  it('are watched while their holder lives, and begin within two seconds after it let go', async () => {
    const { runs, beganAt, recover, record, lease } = setUp();
    const held = await lease(record().id);
    await runs.save(record());
    let released = 0;
    const started = await recover(async (second) => {
      if (second < 21 || released > 0) return;
      released = second;
      await held.release();
    });
    expect(started[0]).toEqual({ job: 'orders', scheduledTime });
    expect((beganAt[0] ?? Number.NaN) - released).toBeLessThanOrEqual(2);
  });

  it('are left for some seconds to the process that has just promised them', async () => {
    const { runs, requests, beganAt, recover, record } = setUp();
    const id = newRunId();
    const request = { job: 'orders', runId: id, triggeredBy: 'someone' };
    await requests.save({ requestedAt: scheduledTime, request });
    const { scheduledTime: _none, ...promised } = record({ id, trigger: 'api', state: 'queued' });
    let saved = false;
    const started = await recover(async (second) => {
      if (second < 20 || saved) return;
      saved = true;
      await runs.save(promised);
    });
    expect(started[0]).toEqual(request);
    // Seen with the next look, at 30 s.
    expect(beganAt[0]).toBe(36);
  });

  it.each([
    ['of somebody at a command line', { trigger: 'cli', triggeredBy: 'anna', id: newRunId() }],
    ['of a job that is not configured', { job: 'other', id: newRunId() }],
    ['that have ended', { state: 'succeeded', endedAt: scheduledTime }],
  ] as const)('%s are left alone', async (_what, changes) => {
    const { runs, recover, record } = setUp();
    await runs.save(record(changes));
    expect(await recover()).toEqual([]);
  });

  it('are left alone where this process works on them', async () => {
    const { runs, own, recover, record } = setUp();
    await runs.save(record());
    own.add(record().id);
    expect(await recover()).toEqual([]);
  });
});
