import { describe, expect, it } from 'vitest';
import { HandOverError, QueuedError, StorageUnavailableError } from '../../../shared/errors.ts';
import type { Rest } from '../../../shared/runs/job.ts';
import type { RunRecord } from '../../../shared/runs/records/run-record.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { RunPool } from '../../../shared/serve/pool/run-pool.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

/** A pool whose runs end when they are told to, or are handed over. */
function createPool(maxRuns: number, logger = createLogger({ level: 'silent' })) {
  const running = new Map<string, () => void>();
  const begun: string[] = [];
  const handedOver: string[] = [];
  type How = Parameters<Rest>[2];
  const rests = new Map<string, (wait: () => Promise<void>, how?: How) => Promise<void>>();
  const pool = new RunPool({
    maxRuns,
    scope: 'test',
    logger,
    execute: ({ job }, signal, rest) => {
      begun.push(job);
      rests.set(job, (wait, how) => rest(wait, signal, how));
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          running.delete(job);
          handedOver.push(job);
          reject(signal.reason);
        };
        if (signal.aborted) return giveUp();
        signal.addEventListener('abort', giveUp);
        running.set(job, () => {
          running.delete(job);
          resolve({} as RunRecord);
        });
      });
    },
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    pool,
    begun,
    handedOver,
    settle,
    /** Has a job's run wait until it is woken. */
    async rest(job: string, how?: How) {
      const woken = Promise.withResolvers<void>();
      let isBack = false;
      const resting = rests.get(job)?.(() => woken.promise, how);
      resting?.then(
        () => {
          isBack = true;
        },
        () => {},
      );
      await settle();
      return {
        isBack: () => isBack,
        async wake() {
          woken.resolve();
          await settle();
        },
      };
    },
    end: async (job: string) => {
      running.get(job)?.();
      await settle();
    },
  };
}

const scheduled = (job: string, scheduledTime = '2027-03-01T04:30:00.000Z') => ({ job, scheduledTime });

describe('the runs of a process', () => {
  it('work so many at once, the others in their order', async () => {
    const { pool, begun, end } = createPool(2);
    for (const job of ['a', 'b', 'c', 'd']) pool.start(scheduled(job));
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('a');
    await end('c');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('that wait for a place share a line of the log', async () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
    const { pool, settle } = createPool(2, logger);
    for (let n = 1; n <= 40; n += 1) pool.start(scheduled(`job-${n}`));
    await settle();
    pool.start(scheduled('late'));
    await settle();
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { maxRuns: 2, msg: '38 runs wait for others to end (--max-runs): job-3, job-4, job-5 and 35 more' },
      { maxRuns: 2, msg: 'run waits for others to end (--max-runs): late' },
    ]);
  });

  it('leave their place to others while they wait for their next try, and have the next one then', async () => {
    const { pool, begun, rest, end } = createPool(1);
    for (const job of ['down', 'b', 'c', 'd']) pool.start(scheduled(job));
    const resting = await rest('down');
    expect(begun).toEqual(['down', 'b']);
    await resting.wake();
    expect([resting.isBack(), begun]).toEqual([false, ['down', 'b']]);
    await end('b');
    expect([resting.isBack(), begun]).toEqual([true, ['down', 'b']]);
    await end('down');
    expect(begun).toEqual(['down', 'b', 'c']);
  });

  it('that wait for their next try are handed over at once when the process stops', async () => {
    const { pool, handedOver, rest, settle, end } = createPool(2);
    for (const job of ['down', 'busy']) pool.start(scheduled(job));
    await rest('down');
    const stopped = pool.stop(60_000);
    await settle();
    expect(handedOver).toEqual(['down']);
    await end('busy');
    await stopped;
  });

  it('that wait for their lease keep their place, and are handed over at once when the process stops', async () => {
    const { pool, begun, handedOver, rest, settle, end } = createPool(2);
    for (const job of ['leased', 'busy', 'next']) pool.start(scheduled(job));
    await rest('leased', { keepsPlace: true });
    expect(begun).toEqual(['leased', 'busy']);
    const stopped = pool.stop(60_000);
    await settle();
    expect(handedOver.sort()).toEqual(['leased', 'next']);
    await end('busy');
    await stopped;
  });

  it('are started once, however often', () => {
    const { pool, begun } = createPool(5);
    const runId = newRunId();
    for (let n = 0; n < 3; n += 1) {
      pool.start(scheduled('a'));
      pool.start(scheduled('a', '2027-03-01T04:30Z'));
      pool.start({ job: 'b', runId, triggeredBy: 'someone' });
    }
    expect(begun).toEqual(['a', 'b']);
    expect(pool.has(runId)).toBe(true);
    expect(pool.runOf('b')).toBe(runId);
  });

  it('do not wait for a place twice for one job', async () => {
    const { pool, begun, end } = createPool(1);
    pool.start(scheduled('long'));
    for (let minute = 10; minute < 60; minute += 1)
      pool.start(scheduled('often', `2027-03-01T04:${minute}:00Z`));
    await end('long');
    expect(begun).toEqual(['long', 'often']);
    await end('often');
    expect(begun).toEqual(['long', 'often']);
  });

  it('of a job that is at work begin at once, to be recorded as skipped', () => {
    const { pool, begun } = createPool(1);
    pool.start(scheduled('a'));
    pool.start(scheduled('a', '2027-03-01T05:30:00Z'));
    expect(begun).toEqual(['a', 'a']);
  });

  it('begin when they are recorded, and never if that fails', async () => {
    const { pool, begun, end, settle } = createPool(2);
    const promise = (job: string, recorded: Promise<void>) =>
      pool.start({ job, runId: newRunId(), triggeredBy: 'someone' }, { recorded });
    const first = Promise.withResolvers<void>();
    promise('a', first.promise);
    promise('b', Promise.reject(new StorageUnavailableError('away')));
    promise('c', Promise.reject(new StorageUnavailableError('away')));
    await settle();
    expect([begun, pool.runOf('b'), pool.runOf('c')]).toEqual([[], undefined, undefined]);
    first.resolve();
    await settle();
    expect(begun).toEqual(['a']);
    await end('a');
    expect(pool.runOf('a')).toBeUndefined();
  });

  it('are none of their job any more when their record says how they ended, and the next begins at once', async () => {
    const { pool, begun, end, settle } = createPool(1);
    const [first, second] = [newRunId(), newRunId()];
    pool.start({ job: 'a', runId: first, triggeredBy: 'someone' });
    pool.noteEnd(first);
    expect([pool.runOf('a'), pool.has(first)]).toEqual([undefined, true]);
    pool.start({ job: 'a', runId: second, triggeredBy: 'someone' });
    await settle();
    expect([begun, pool.runOf('a')]).toEqual([['a', 'a'], second]);
    await end('a');
  });

  it('have the grace to end; what waits is handed over at once', async () => {
    const { pool, begun, handedOver, end, settle } = createPool(1);
    pool.start(scheduled('a'));
    pool.start(scheduled('b'));
    const stopped = pool.stop(60_000);
    await settle();
    expect([begun, handedOver]).toEqual([['a', 'b'], ['b']]);
    pool.start(scheduled('c'));
    await end('a');
    await stopped;
    expect([begun, handedOver]).toEqual([['a', 'b'], ['b']]);
  });

  it('are handed over when the grace is over', async () => {
    const { pool, handedOver } = createPool(2);
    pool.start(scheduled('a'));
    pool.start(scheduled('b'));
    await pool.stop(0);
    expect(handedOver).toEqual(['a', 'b']);
  });

  it('that fail make room for the next one', async () => {
    const failing = new RunPool({
      maxRuns: 1,
      scope: 'test',
      logger: createLogger({ level: 'silent' }),
      execute: async ({ job }) => {
        order.push(job);
        throw job === 'a' ? new Error('unexpected') : new HandOverError('ends');
      },
    });
    const order: string[] = [];
    for (const job of ['a', 'b', 'c']) failing.start(scheduled(job));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(order).toEqual(['a', 'b', 'c']);
  });

  describe('that cannot begin because the state is not reachable', () => {
    /** A pool whose state is away for so many tries. */
    function createStalled(away: number, error: Error = new StorageUnavailableError('away')) {
      const tries: string[] = [];
      let nowMs = 0;
      const pool = new RunPool({
        maxRuns: 1,
        scope: 'test',
        logger: createLogger({ level: 'silent' }),
        clock: {
          now: () => nowMs,
          sleep: async (ms, signal) => {
            await new Promise((resolve) => setImmediate(resolve));
            signal?.throwIfAborted();
            nowMs += ms;
          },
        },
        execute: async (event) => {
          tries.push('scheduledTime' in event ? event.scheduledTime : event.runId);
          if (tries.length <= away) throw error;
          return {} as RunRecord;
        },
      });
      return { pool, tries, now: () => nowMs };
    }
    const idle = async (pool: RunPool) => {
      while (pool.runOf('a') !== undefined) await new Promise((resolve) => setImmediate(resolve));
    };

    it('are tried again, and no second start of the job waits beside them', async () => {
      const { pool, tries } = createStalled(10);
      pool.start(scheduled('a'));
      await new Promise((resolve) => setImmediate(resolve));
      pool.start(scheduled('a', '2027-03-01T04:31:00.000Z'));
      await idle(pool);
      expect(tries).toEqual(Array.from({ length: 11 }, () => '2027-03-01T04:30:00.000Z'));
    });

    it('are given up after an hour, and at the end of the process', async () => {
      const { pool, now, tries } = createStalled(Number.POSITIVE_INFINITY);
      pool.start(scheduled('a'));
      await idle(pool);
      expect(now()).toBeGreaterThan(50 * 60_000);
      expect(now()).toBeLessThan(3_600_000);
      pool.start(scheduled('a'));
      const before = tries.length;
      await pool.stop(60_000);
      expect(tries.length).toBeLessThan(before + 3);
    });

    it('are not tried again after any other error', async () => {
      const { pool, tries } = createStalled(5, new QueuedError('later'));
      pool.start(scheduled('a'));
      await idle(pool);
      expect(tries).toHaveLength(1);
    });
  });
});
