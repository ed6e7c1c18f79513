import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runRecordSchema } from '../../../shared/runs/records/run-record.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { DATASET, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

let setup: SyncSetup;
beforeAll(async () => {
  setup = await setUpSync();
});
afterAll(() => setup[Symbol.asyncDispose]());
beforeEach(async () => {
  await setup.postgres.query(
    'DROP TABLE IF EXISTS orders; CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 100) i',
  );
});

const guards = { maxRowChange: '50%', onSchemaChange: 'fail' };
const run = async (sync: Record<string, unknown> = {}) => {
  const result = await setup.run({ guards, ...sync }, { args: ['--json'] });
  return { ...result, record: runRecordSchema.parse(JSON.parse(result.stdout)) };
};
const content = async () => {
  const file = setup.polyteia.datasets.get(DATASET)?.content?.file;
  return file ? (await readParquetWithPyarrow(file)).rows : undefined;
};

describe('guards against the last accepted result', () => {
  it('refuse what has changed too much, store the file, and let a person send exactly that', async () => {
    const first = await run();
    expect(first.record).toMatchObject({
      state: 'succeeded',
      warnings: [
        'There is no accepted result yet: maxRowChange and onSchemaChange had nothing to compare with.',
      ],
    });

    await setup.postgres.query('DELETE FROM orders WHERE id > 40');
    const refused = await run();
    const { id } = refused.record;
    expect(refused.exitCode).toBe(1);
    expect(refused.record).toMatchObject({
      state: 'failed',
      rows: 40,
      error: { class: 'GuardError', phase: 'guards', message: expect.stringContaining('40 rows after 100') },
    });
    expect(refused.stderr).toContain(`ferry accept ${id}`);
    expect(await content()).toHaveLength(100);

    // What is sent is the refused file, whatever the source says by now.
    await setup.postgres.query('DELETE FROM orders');
    const accepted = await setup.run(
      { guards },
      { command: ['accept', id, '--why', 'Jahreswechsel'], args: ['--json'] },
    );
    expect(runRecordSchema.parse(JSON.parse(accepted.stdout))).toMatchObject({
      state: 'succeeded',
      outcome: 'uploaded',
      rows: 40,
      sentFrom: { runId: id, why: 'Jahreswechsel' },
      triggeredBy: expect.any(String),
    });
    expect(await content()).toHaveLength(40);

    // And it is the one to compare with from now on.
    await setup.postgres.query('INSERT INTO orders SELECT i FROM generate_series(1, 50) i');
    expect((await run()).record).toMatchObject({ state: 'succeeded', rows: 50, warnings: [] });
    expect(await readdir(join(setup.folder, '.ferry', 'refused', 'orders'))).toEqual([`${id}.parquet`]);
  });

  it('refuse other columns, and only report them if that is enough', async () => {
    await run({ guards: { onSchemaChange: 'ignore' } });
    await setup.postgres.query('ALTER TABLE orders ALTER id TYPE text, ADD "Größe" int');
    const refused = await run();
    expect(refused.record.error?.message).toBe(
      'The dataset was left unchanged: column "id" was INTEGER and is VARCHAR; column "Größe" (INTEGER) is new.',
    );
    const told = await run({ guards: {} });
    expect(told.record).toMatchObject({
      state: 'succeeded',
      warnings: [expect.any(String), expect.any(String)],
    });
  });

  it('do not take a failed result for the last accepted one', async () => {
    await run({ guards: {} });
    await setup.postgres.query('DELETE FROM orders WHERE id > 80');
    setup.polyteia.failNext({ on: 'upload', how: { kind: 'status', status: 503 } });
    expect((await run()).record.state).toBe('failed');
    await setup.postgres.query('DELETE FROM orders WHERE id > 45');
    // 45 are too few after the 100 that arrived, though not after the 80 that did not.
    expect((await run()).record.error?.class).toBe('GuardError');
  });

  it('say why a run cannot be accepted', async () => {
    const { record } = await run({ guards: {} });
    const uploaded = await setup.run({}, { command: ['accept', record.id] });
    expect(uploaded).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('was not refused by a guard'),
    });
    const unknown = await setup.run({}, { command: ['accept', '01a1fc88-01c9-775f-ad30-4e002322510b'] });
    expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('There is no run') });
  });
});

describe('a failure that may pass on its own', () => {
  it('is retried, without reading the source again', async () => {
    setup.polyteia.failNext({ on: 'get_dataset', how: { kind: 'status', status: 503 } });
    setup.polyteia.failNext({ on: 'upload', how: { kind: 'status', status: 502 } });
    const from = setup.polyteia.calls.length;
    const result = await setup.run({ guards: {} }, { args: ['--tries', '4', '--json'] });
    const record = runRecordSchema.parse(JSON.parse(result.stdout));
    expect(record).toMatchObject({ state: 'succeeded', rows: 100 });
    expect(record.phases.filter(({ name }) => name === 'export')).toHaveLength(1);
    const calls = setup.polyteia.calls.slice(from).map(({ on }) => on);
    expect(calls.filter((on) => on === 'upload')).toHaveLength(2);
    // A new token for each try.
    expect(calls.filter((on) => on === 'generate_dataset_upload_token')).toHaveLength(2);
    expect(result.stderr).toMatch(/Trying again in/);
    setup.polyteia.assertNoViolations();
  });
});
