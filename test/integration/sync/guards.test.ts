import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runRecordSchema } from '../../../shared/runs/records/run-record.ts';
import { runFerry } from '../../support/cli/ferry-command.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { LOGIN_WARNING } from '../../support/source/login-warning.ts';
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
        LOGIN_WARNING,
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
    expect((await run()).record).toMatchObject({ state: 'succeeded', rows: 50, warnings: [LOGIN_WARNING] });
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
      warnings: [LOGIN_WARNING, expect.any(String), expect.any(String)],
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
    const waits: number[] = [];
    const sleep = async (ms: number) => void waits.push(ms);
    const result = await setup.run({ guards: {} }, { args: ['--tries', '4', '--json'], sleep });
    expect(waits).toEqual([60_000, 60_000]);
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

describe('a dry run', () => {
  const rehearse = (sync: Record<string, unknown> = {}) =>
    setup.run({ guards, ...sync }, { args: ['--dry-run'] });
  const recorded = async () => {
    const { stdout } = await setup.run({ guards }, { command: ['runs', '--json'] });
    return (JSON.parse(stdout) as unknown[]).length;
  };

  it('judges by the last accepted result, as a run would, and leaves nothing behind', async () => {
    await run();
    const before = await recorded();
    const calls = setup.polyteia.calls.length;

    const good = await rehearse();
    expect(good.exitCode).toBe(0);
    expect(good.stderr).toMatch(/guards .* compared with 100 rows, accepted 20\d\d-/);
    expect(good.stderr).not.toContain('There is no accepted result yet');
    expect(good.stdout).toMatch(/^orders: a run would upload this to ds_meldungen1: 100 rows/);

    await setup.postgres.query('DELETE FROM orders WHERE id > 10');
    const refused = await rehearse();
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toMatch(
      /^orders: a run would fail and leave ds_meldungen1 unchanged\. The guards refuse 10 rows/,
    );
    expect(refused.stderr).toContain('10 rows after 100 in the last accepted result');
    // As a run from another folder, which is where the difference was first seen.
    const elsewhere = await runFerry(
      ['run', 'orders', '--config', 'ferry.yaml', '--secrets', 'secrets.json', '--dry-run'].map((arg) =>
        /\.(yaml|json)$/.test(arg) ? join(setup.folder, arg) : arg,
      ),
      { folder: '/' },
    );
    expect(elsewhere).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('would fail') });

    expect(await recorded()).toBe(before);
    expect(setup.polyteia.calls).toHaveLength(calls);
    expect((await run()).record).toMatchObject({ state: 'failed', error: { class: 'GuardError' } });
  });

  it('says that a run would send nothing', async () => {
    const skip = { whenUnchanged: 'skip' };
    const { record } = await run(skip);
    // Sent, or already there.
    const uploaded = record.unchangedSince ?? record.id;
    const { exitCode, stdout } = await rehearse(skip);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      `a run would send nothing while ds_meldungen1 still shows the upload of run ${uploaded}`,
    );
  });
});

describe('types: compatible', () => {
  it('has its warnings printed once, and then counted until they change', async () => {
    const lossy = (columns: string) => ({
      query: `SELECT ${columns}`,
      types: 'compatible',
      guards: { onSchemaChange: 'ignore' },
    });
    const two = lossy('1.5::numeric AS a, 2.5::numeric AS b');
    const first = await setup.run(two);
    expect(first.stderr.match(/^warning: Column/gm)).toHaveLength(2);
    const again = await setup.run(two);
    expect(again.stderr).not.toContain('warning: Column');
    expect(again.stderr).toContain('3 warnings as in the run before (--json shows them).');
    const changed = await setup.run(lossy('1.5::numeric AS a, 2.5::numeric AS b, 3.5::numeric AS c'));
    expect(changed.stderr).toMatch(/^warning: .*"c"/m);
    expect(changed.stderr).toContain('3 warnings as in the run before');
    expect((await run(two)).record.warnings.length).toBeGreaterThan(1);
  });
});
