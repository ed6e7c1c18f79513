import { describe, expect, it } from 'vitest';
import {
  LockedCatalogError,
  PolyteiaUnavailableError,
  QueryError,
  SourceUnavailableError,
} from '../../../shared/errors.ts';
import { PATIENCE_MS, type Retry, type RetryOptions, retryWithin } from '../../../shared/runs/retry.ts';

/** A clock that only sleeping moves. */
function fakeClock() {
  const waits: number[] = [];
  let time = 0;
  const options: RetryOptions = {
    budget: undefined,
    random: () => 1,
    now: () => time,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      waits.push(ms);
      time += ms;
    },
  };
  return { waits, options };
}

const unavailable = () => new SourceUnavailableError('away');

/** Fails with each of the errors, then works. */
function failing(...errors: unknown[]) {
  const attempts: number[] = [];
  const work = async (attempt: number) => {
    attempts.push(attempt);
    const error = errors.shift();
    if (error) throw error;
    return 'done';
  };
  return { attempts, work };
}

const always = (error: () => Error) => failing(...Array.from({ length: 100 }, error));

describe('retryWithin', () => {
  it('returns the first result, and waits for nothing', async () => {
    const { waits, options } = fakeClock();
    expect(await retryWithin(options, failing().work)).toBe('done');
    expect(waits).toEqual([]);
  });

  it('waits longer each time, up to a minute', async () => {
    const { waits, options } = fakeClock();
    await expect(retryWithin({ ...options, maxTries: 9 }, always(unavailable).work)).rejects.toThrow('away');
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('draws each wait from the upper half of its range', async () => {
    const { waits, options } = fakeClock();
    const draws = [0, 0.5, 0.25];
    const { work } = failing(unavailable(), unavailable(), unavailable());
    await retryWithin({ ...options, random: () => draws.shift() ?? 1 }, work);
    expect(waits).toEqual([500, 1_500, 2_500]);
  });

  // The Go connector tried three times, a minute apart: a database that restarts is away for longer than a few seconds.
  it.each([0, 0.5, 0.999])('outlasts ten minutes, whatever is drawn (%s), and then ends', async (drawn) => {
    const { waits, options } = fakeClock();
    const errors = Array.from({ length: 60 }, unavailable);
    const { attempts, work } = failing(...errors);
    const failure = await retryWithin({ ...options, random: () => drawn }, work).catch((error) => error);
    expect(failure).toBe(errors[waits.length]);
    const waited = waits.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThanOrEqual(PATIENCE_MS);
    expect(waited).toBeLessThan(PATIENCE_MS + 60_000);
    expect(attempts).toHaveLength(waits.length + 1);
  });

  it('waits the same time after each try if it is told to, and ends by the number of tries', async () => {
    const { waits, options } = fakeClock();
    await expect(
      retryWithin({ ...options, maxTries: 3, pauseMs: 60_000 }, always(unavailable).work),
    ).rejects.toThrow('away');
    expect(waits).toEqual([60_000, 60_000]);
  });

  it('does not outlast an outage once for each call: a success ends it', async () => {
    const { waits, options } = fakeClock();
    const shared = { ...options, outage: { outlasted: false } };
    const countWaits = async () => {
      waits.length = 0;
      await expect(retryWithin(shared, always(unavailable).work)).rejects.toThrow('away');
      return waits.length;
    };
    const first = await countWaits();
    expect(await countWaits()).toBe(7);
    await retryWithin(shared, failing().work);
    expect(await countWaits()).toBe(first);
  });

  it('gives a lock of the catalog eight tries, however much patience there is', async () => {
    const locked = () => new LockedCatalogError('locked');
    for (const limits of [{}, { maxTries: 1 }, { maxTries: 1, pauseMs: 60_000 }]) {
      const { waits, options } = fakeClock();
      await expect(retryWithin({ ...options, ...limits }, always(locked).work)).rejects.toThrow('locked');
      expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
    }
  });

  it.each([
    ['that no try can fix', new QueryError('no such table')],
    ['that is no FerryError', new TypeError('a defect')],
  ])('throws at once an error %s', async (_, error) => {
    const { waits, options } = fakeClock();
    const { attempts, work } = failing(error);
    await expect(retryWithin(options, work)).rejects.toBe(error);
    expect([attempts, waits]).toEqual([[1], []]);
  });

  it('does not begin a wait that would exceed the budget', async () => {
    const { waits, options } = fakeClock();
    const last = unavailable();
    const { work } = failing(unavailable(), unavailable(), last, unavailable());
    // 1 s and 2 s fit, the 4 s after them would end at 7 s.
    await expect(retryWithin({ ...options, budget: new Date(7_000) }, work)).rejects.toBe(last);
    expect(waits).toEqual([1_000, 2_000]);
  });

  it('waits as long as the server asks, and not at all if the budget does not allow that', async () => {
    const busy = new PolyteiaUnavailableError('busy', { retryAfterMs: 30_000 });
    const { waits, options } = fakeClock();
    await retryWithin(options, failing(busy, unavailable()).work);
    expect(waits).toEqual([30_000, 2_000]);
    const tight = fakeClock();
    await expect(
      retryWithin({ ...tight.options, budget: new Date(20_000) }, failing(busy).work),
    ).rejects.toBe(busy);
    expect(tight.waits).toEqual([]);
  });

  it('reports each wait before it begins', async () => {
    const { options } = fakeClock();
    const retries: Retry[] = [];
    const error = unavailable();
    await retryWithin({ ...options, onRetry: (retry) => retries.push(retry) }, failing(error).work);
    expect(retries).toEqual([{ error, attempt: 1, waitMs: 1_000 }]);
  });

  it('ends with the reason of the signal: before a try, after one, and in a wait', async () => {
    const reason = new Error('cancelled');
    const before = failing();
    const { options } = fakeClock();
    await expect(retryWithin({ ...options, signal: AbortSignal.abort(reason) }, before.work)).rejects.toBe(
      reason,
    );
    expect(before.attempts).toEqual([]);

    const during = new AbortController();
    const work = async () => {
      during.abort(reason);
      throw unavailable();
    };
    await expect(retryWithin({ ...options, signal: during.signal }, work)).rejects.toBe(reason);

    const waiting = new AbortController();
    const onRetry = () => queueMicrotask(() => waiting.abort(reason));
    const real: RetryOptions = { budget: undefined, random: () => 1, signal: waiting.signal, onRetry };
    await expect(retryWithin(real, always(unavailable).work)).rejects.toBe(reason);
  });

  describe('after a try that was left for later', () => {
    it('waits for the rest of its pause, and counts the time that has gone', async () => {
      const { waits, options } = fakeClock();
      const { attempts, work } = always(unavailable);
      const before = { error: unavailable(), at: -400 };
      await expect(retryWithin({ ...options, patienceMs: 3_000, before }, work)).rejects.toThrow('away');
      expect(waits).toEqual([600, 2_000]);
      expect(attempts).toEqual([2, 3]);
    });

    it('tries once more, at once, when all the patience was spent on others', async () => {
      const { waits, options } = fakeClock();
      const told: Retry[] = [];
      const { attempts, work } = always(unavailable);
      const before = { error: unavailable(), at: -PATIENCE_MS };
      await expect(
        retryWithin({ ...options, before, onRetry: (retry) => told.push(retry) }, work),
      ).rejects.toThrow('away');
      expect([waits, attempts, told]).toEqual([[0], [2], []]);
    });

    it('counts it as one of the tries that are allowed', async () => {
      const { options } = fakeClock();
      const { attempts, work } = always(unavailable);
      const before = { error: unavailable(), at: 0 };
      await expect(retryWithin({ ...options, maxTries: 3, before }, work)).rejects.toThrow('away');
      expect(attempts).toEqual([2, 3]);
    });
  });
});
