import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runSync } from '../../../shared/sync/run-sync.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { type InProcessSync, setUpInProcessSync } from '../../support/sync/in-process-sync.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

let postgres: PostgresServer;
let polyteia: PolyteiaStandIn;
let here: InProcessSync;
beforeAll(async () => {
  postgres = await startPostgres();
  polyteia = await startPolyteiaStandIn({ datasets: [DATASET] });
});
beforeEach(async () => {
  here = await setUpInProcessSync(postgres, polyteia);
  await postgres.query(
    `DROP TABLE IF EXISTS orders;
     CREATE TABLE orders AS SELECT i AS id, 'Straße ' || i AS name, NULLIF(i, 3)::float8 / 3 AS share,
       ARRAY[i, NULL] AS list, md5(i::text)::uuid AS uid, (i::numeric / 7)::numeric(38, 20) AS exact FROM generate_series(0, 9) i`,
  );
});
afterAll(async () => {
  await Promise.all([postgres.stop(), polyteia.stop()]);
});

const run = (sync?: Record<string, unknown>, target?: Record<string, unknown>) =>
  runSync(here.options(sync, target));
const uploads = () => polyteia.datasets.get(DATASET)?.uploads ?? 0;

describe('a result with the content of the last upload', () => {
  it('is not sent again, in whatever order its rows come', async () => {
    const first = await run();
    expect(first).toMatchObject({
      outcome: 'uploaded',
      fingerprint: expect.stringMatching(/^2-v[\d.]+:[0-9a-f]{64}$/),
    });
    const before = uploads();
    const second = await run({ query: 'SELECT * FROM orders ORDER BY id DESC' });
    expect(second).toMatchObject({
      state: 'succeeded',
      outcome: 'unchanged',
      unchangedSince: first.id,
      rows: 10,
      fingerprint: first.fingerprint,
    });
    // Also a third time: an unchanged run is no upload.
    expect(await run()).toMatchObject({ outcome: 'unchanged', unchangedSince: first.id });
    expect(uploads()).toBe(before);
    polyteia.assertNoViolations();
  });

  it.each<[string, string]>([
    ['another text', `UPDATE orders SET name = 'Strasse 4' WHERE id = 4`],
    [
      'one row twice instead of another',
      'UPDATE orders SET (id, name, share, list, uid, exact) = (SELECT id, name, share, list, uid, exact FROM orders WHERE id = 5) WHERE id = 4',
    ],
    [
      'a value in another row',
      `UPDATE orders SET name = CASE id WHEN 1 THEN 'Straße 2' ELSE 'Straße 1' END WHERE id IN (1, 2)`,
    ],
    ['NULL instead of a value', 'UPDATE orders SET share = NULL WHERE id = 4'],
    ['-0 instead of 0', `UPDATE orders SET share = '-0' WHERE id = 0`],
    ['an element of a list', 'UPDATE orders SET list = ARRAY[9, 9] WHERE id = 9'],
    ['the last digit of a decimal', 'UPDATE orders SET exact = exact + 0.00000000000000000001 WHERE id = 8'],
    ['one row less', 'DELETE FROM orders WHERE id = 9'],
    ['one column less', 'ALTER TABLE orders DROP list'],
    ['another name of a column', 'ALTER TABLE orders RENAME name TO "Größe"'],
    ['another type of a column', 'ALTER TABLE orders ALTER id TYPE bigint'],
  ])('is distinguished from one with %s', async (_, change) => {
    const first = await run();
    await postgres.query(change);
    const second = await run();
    expect(second.outcome).toBe('uploaded');
    expect(second.fingerprint).not.toBe(first.fingerprint);
  });

  it('is sent when somebody else has uploaded since', async () => {
    const first = await run();
    const other = await setUpInProcessSync(postgres, polyteia);
    await runSync(other.options({ query: 'SELECT 1 AS id' }));
    const second = await run();
    expect(second).toMatchObject({ outcome: 'uploaded', fingerprint: first.fingerprint });
    await other[Symbol.asyncDispose]();
  });

  it.each([
    ['an earlier release', 'f'.repeat(64)],
    ['another DuckDB', `2-v1.0.0:${'f'.repeat(64)}`],
  ])(
    'is sent once when the fingerprint of the last upload is from %s, and the run says so',
    async (_, fingerprint) => {
      const first = await run();
      const { store } = here;
      const last = await store.readLastUpload(first.job);
      if (!last) throw new Error('Nothing was recorded.');
      await store.saveLastUpload(first.job, { ...last, fingerprint });
      const told: string[] = [];
      const rehearsed = await runSync({
        ...here.options(),
        dryRun: { records: store },
        onProgress: (event) => event.type === 'phase-noted' && told.push(event.fact),
      });
      expect(rehearsed.outcome).not.toBe('unchanged');
      expect(await run()).toMatchObject({ outcome: 'uploaded', fingerprint: first.fingerprint });
      expect(await run()).toMatchObject({ outcome: 'unchanged' });
      expect(told).toEqual([expect.stringContaining('the fingerprint of another release')]);
    },
  );

  it.each([
    ['the sync says so', { whenUnchanged: 'upload' }, {}],
    ['nobody asks what the dataset shows', {}, { verify: 'off' }],
  ])('is sent when %s', async (_, sync, target) => {
    await run(sync, target);
    expect(await run(sync, target)).toMatchObject({ outcome: 'uploaded' });
  });

  it('is distinguished from one with another form of an interval', async () => {
    const sync = { query: `SELECT interval '1 month' AS i`, types: 'compatible' };
    await run(sync);
    expect(await run(sync)).toMatchObject({ outcome: 'unchanged' });
    expect(await run({ ...sync, query: `SELECT interval '30 days' AS i` })).toMatchObject({
      outcome: 'uploaded',
    });
  });

  it('is sent once when the target now wants another format', async () => {
    await run();
    const csv = await run({}, { format: 'csv' });
    expect(csv).toMatchObject({ outcome: 'uploaded' });
    expect(await run({}, { format: 'csv' })).toMatchObject({ outcome: 'unchanged', unchangedSince: csv.id });
  });

  it('is sent when Ferry no longer checks what the dataset shows', async () => {
    await run();
    expect(await run({}, { verify: 'off' })).toMatchObject({ outcome: 'uploaded' });
  });

  it('is sent when the last upload was never seen at the dataset', async () => {
    // Before the upload and after it: this key may upload and, for now, not read.
    const forbidden = { kind: 'errorEnvelope', code: 403, message: 'no' } as const;
    polyteia.failNext({ on: 'get_dataset', times: 2, how: forbidden });
    expect(await run()).toMatchObject({ outcome: 'uploaded' });
    const settled = await run();
    expect(settled.outcome).toBe('uploaded');
    expect(await run()).toMatchObject({ outcome: 'unchanged', unchangedSince: settled.id });
  });
});
