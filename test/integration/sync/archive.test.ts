import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../../shared/runs/records/run-record.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { DATASET, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

const DAY_MS = 86_400_000;

let setup: SyncSetup;
beforeAll(async () => {
  setup = await setUpSync();
});
afterAll(() => setup[Symbol.asyncDispose]());
beforeEach(() =>
  setup.postgres.query('DROP TABLE IF EXISTS orders; CREATE TABLE orders AS SELECT 1 AS id, now() AS at'),
);

const run = async (sync: Record<string, unknown>, command?: readonly string[]) => {
  const result = await setup.run(
    { whenUnchanged: 'skip', ...sync },
    { args: ['--json'], ...(command ? { command } : {}) },
  );
  return { ...result, record: JSON.parse(result.stdout) as RunRecord };
};
const content = async () => {
  const file = setup.polyteia.datasets.get(DATASET)?.content?.file;
  return file ? (await readParquetWithPyarrow(file)).rows : undefined;
};
const kept = (kind: 'archive' | 'refused') => readdir(join(setup.folder, '.ferry', kind, 'orders'));

/** Files of runs that were so many days ago. */
function writeFiles(folder: string, daysAgo: number[]): Promise<string[]> {
  return Promise.all(
    daysAgo.map(async (days) => {
      const at = new Date(Date.now() - days * DAY_MS);
      const name = `${newRunId(at)}.parquet`;
      await writeFile(join(folder, name), '');
      await utimes(join(folder, name), at, at);
      return name;
    }),
  );
}

describe('an archive', () => {
  it('stores what was sent, so that it can be sent again', async () => {
    const archive = { keep: 2 };
    const good = (await run({ archive })).record;
    expect(good).toMatchObject({ outcome: 'uploaded', archived: true });
    const shown = await content();
    await setup.postgres.query('UPDATE orders SET id = 666');
    expect((await run({ archive })).record).toMatchObject({ outcome: 'uploaded' });
    expect(await content()).not.toEqual(shown);

    const again = await run({ archive }, ['resend', good.id, '--why', 'der letzte war falsch']);
    expect(again.record.error).toBeUndefined();
    expect(runRecordSchema.parse(again.record)).toMatchObject({
      state: 'succeeded',
      outcome: 'uploaded',
      rows: 1,
      fingerprint: good.fingerprint,
      sentFrom: { runId: good.id, why: 'der letzte war falsch' },
      triggeredBy: expect.any(String),
    });
    expect(await content()).toEqual(shown);
    // Three were sent, two are kept: the oldest has gone.
    expect((await kept('archive')).length).toBe(2);
    const gone = await run({ archive }, ['resend', good.id]);
    expect(gone).toMatchObject({
      exitCode: 2,
      record: {
        error: { class: 'ConfigError', message: `The archived file of run ${good.id} is no longer kept.` },
      },
    });
  });

  it('contains nothing older than its limit', async () => {
    const folder = join(setup.folder, '.ferry', 'archive', 'orders');
    await mkdir(folder, { recursive: true });
    const [old, young] = await writeFiles(folder, [11, 9]);
    await run({ archive: { days: 10 } });
    expect(await kept('archive')).toContain(young);
    expect(await kept('archive')).not.toContain(old);
  });

  it('is off unless a sync has one', async () => {
    const { record } = await run({});
    expect(record.archived).toBeUndefined();
    expect(await run({}, ['resend', record.id])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('archive: { keep: 30 }'),
    });
  });
});

describe('refused files', () => {
  it('are stored for a week', async () => {
    const folder = join(setup.folder, '.ferry', 'refused', 'orders');
    await mkdir(folder, { recursive: true });
    const [, young] = await writeFiles(folder, [8, 6]);
    const { record } = await run({ guards: { minRows: 2 } });
    expect(record.error?.class).toBe('GuardError');
    expect(await kept('refused')).toEqual([young, `${record.id}.parquet`]);
  });
});
