import { describe, expect, it } from 'vitest';
import { PolyteiaRejectedError, PolyteiaUnavailableError } from '../../../../shared/errors.ts';
import type { IngestStatus, IngestWait } from '../../../../shared/polyteia/polyteia-client.ts';
import { waitForIngest } from '../../../../shared/polyteia/session/wait-for-ingest.ts';

const INGEST = { id: 'dsig_1', dataset: 'ds_a' };
const MINUTE = 60_000;
const running: IngestStatus = { state: 'running' };

/** Waits by a clock that only sleeping moves; each answer is given once, the last one forever. */
function wait(
  answers: (IngestStatus | Error)[],
  options: IngestWait = {},
  format: 'parquet' | 'csv' = 'parquet',
) {
  let time = 0;
  const asked: number[] = [];
  const result = waitForIngest(
    async () => {
      asked.push(time);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return answer ?? running;
    },
    INGEST,
    { since: new Date(0), ...options },
    {
      pollIntervalMs: 5_000,
      timeoutMs: 30 * MINUTE,
      format,
      now: () => time,
      async sleep(ms, signal) {
        signal?.throwIfAborted();
        time += ms;
      },
    },
  );
  return { result, asked };
}

describe('waitForIngest', () => {
  it('asks at once, then every interval', async () => {
    const { result, asked } = wait([{ state: 'pending' }, running, { state: 'completed' }]);
    expect(await result).toBe('completed');
    expect(asked).toEqual([0, 5_000, 10_000]);
  });

  it('continues after failures that may pass, and waits as long as it is asked to', async () => {
    const away = new PolyteiaUnavailableError('away');
    const busy = new PolyteiaUnavailableError('busy', { retryAfterMs: 20_000 });
    const { result, asked } = wait([away, busy, { state: 'completed' }]);
    expect(await result).toBe('completed');
    expect(asked).toEqual([0, 5_000, 25_000]);
  });

  it('ends with a failure that does not pass', async () => {
    const gone = new PolyteiaRejectedError('gone');
    const { result, asked } = wait([running, gone]);
    await expect(result).rejects.toBe(gone);
    expect(asked).toHaveLength(2);
  });

  it('refuses a file that could not be read, in its own words', async () => {
    const { result } = wait([{ state: 'failed', reason: 'the columns' }]);
    await expect(result).rejects.toMatchObject({
      class: 'PolyteiaRejectedError',
      message:
        'Polyteia accepted the file for dataset ds_a but could not read it (the columns): ingest dsig_1 failed.',
    });
  });

  it.each([
    ['parquet', 'try polyteia.<target>.format: csv'],
    ['csv', 'this target has polyteia.<target>.format: csv'],
  ] as const)('names the setting when it was %s', async (format, hint) => {
    await expect(wait([{ state: 'failed' }], {}, format).result).rejects.toMatchObject({
      hint: expect.stringContaining(hint),
    });
  });

  it('gives up after the time-out, with a last question at its very end', async () => {
    const { result, asked } = wait([running]);
    await expect(result).rejects.toMatchObject({
      class: 'DeadlineError',
      message: expect.stringContaining('after 30 min'),
      hint: expect.stringContaining('ingest.timeout'),
    });
    expect(asked.at(-1)).toBe(30 * MINUTE);
    expect(asked).toHaveLength(30 * 12 + 1);
  });

  it('says why it could not ask, if that is how it ended', async () => {
    await expect(wait([new PolyteiaUnavailableError('Polyteia is away.')]).result).rejects.toThrow(
      'The last status request failed: Polyteia is away.',
    );
  });

  it('lets a caller with less time stop, and another one continue', async () => {
    const { result, asked } = wait([running], { until: new Date(12_000) });
    expect(await result).toBe('unfinished');
    expect(asked).toEqual([0, 5_000, 10_000, 12_000]);
    // The other one counts from the upload, and asks once even when that is too long ago.
    const late = wait([{ state: 'completed' }], { since: new Date(-60 * MINUTE) });
    expect(await late.result).toBe('completed');
    const tooLate = wait([running], { since: new Date(-60 * MINUTE) });
    await expect(tooLate.result).rejects.toMatchObject({ class: 'DeadlineError' });
    expect(tooLate.asked).toEqual([0]);
  });

  it('ends with the reason of the signal', async () => {
    const reason = new Error('cancelled');
    await expect(wait([running], { signal: AbortSignal.abort(reason) }).result).rejects.toBe(reason);
  });
});
