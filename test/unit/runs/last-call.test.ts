import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CancelledError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { runJob } from '../../../shared/runs/run-job.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { ordersJob } from '../../support/runs/orders-job.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry last call ü '));
});
afterAll(() => rm(folder, { recursive: true }));

const never = new Promise<never>(() => {});

/** A run that is asked to stop in its phase `export`, by a clock that shows what is waited for. */
function stopInExport(work: () => Promise<object>, { isOver }: { isOver: boolean }) {
  const store = createRunStore(createMemoryDocumentStore());
  const stop = new AbortController();
  const waits: number[] = [];
  const sleep = (ms: number) => {
    waits.push(ms);
    return isOver ? Promise.resolve() : never;
  };
  const ended = runJob(
    ordersJob,
    (context) =>
      context.phase('export', () => {
        stop.abort(new CancelledError('The run was interrupted.'));
        return work();
      }),
    {
      trigger: { type: 'cli', triggeredBy: 'test' },
      scope: 'test',
      store,
      workFolder: folder,
      logger: createLogger({ level: 'silent' }),
      signal: stop.signal,
      lastCallSleep: sleep,
    },
  );
  return { store, waits, ended };
}

it('a run that was asked to stop is recorded after six seconds, whatever its work still waits for', async () => {
  const { store, waits, ended } = stopInExport(() => never, { isOver: true });
  const record = await ended;
  expect(record).toMatchObject({ state: 'cancelled', error: { class: 'CancelledError', phase: 'export' } });
  expect(waits).toEqual([6_000]);
  expect(await store.getOfJob('orders', record.id)).toEqual(record);
  // The next run does not have to wait for this one.
  expect(await store.readHolder('orders')).toBeUndefined();
});

it('its work has until then to end well', async () => {
  const { waits, ended } = stopInExport(async () => ({ rows: 3 }), { isOver: false });
  expect(await ended).toMatchObject({ state: 'succeeded', rows: 3 });
  expect(waits).toEqual([6_000]);
});

it('what its work ends with later changes nothing', async () => {
  const { promise, resolve } = Promise.withResolvers<object>();
  const { store, ended } = stopInExport(() => promise, { isOver: true });
  const { id } = await ended;
  resolve({ rows: 7 });
  await new Promise((passed) => setImmediate(passed));
  expect(await store.getOfJob('orders', id)).toMatchObject({ state: 'cancelled' });
  expect(await store.getOfJob('orders', id)).not.toHaveProperty('rows');
});
