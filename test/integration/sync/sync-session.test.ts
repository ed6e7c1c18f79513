import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runRecordSchema } from '../../../shared/runs/records/run-record.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../../support/polyteia/stand-in/types.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';
import { DATASET, type SyncSetup, setUpSync } from '../../support/sync/sync-setup.ts';

const CANARY = 'Geheimnis-4711';

let setup: SyncSetup;
let polyteia: PolyteiaStandIn;
beforeAll(async () => {
  setup = await setUpSync();
  await setup.postgres.query(
    `CREATE TABLE orders AS SELECT g AS id, 'ü' AS note FROM generate_series(1, 3) g`,
  );
});
beforeEach(async () => {
  polyteia = await startPolyteiaStandIn({ api: 'session', datasets: [DATASET] });
});
afterEach(() => polyteia.stop());
afterAll(() => setup[Symbol.asyncDispose]());

const run = (args: readonly string[] = []) =>
  setup.run(
    {},
    {
      target: { baseUrl: polyteia.baseUrl, organization: 'stadt-test', ingest: { pollInterval: '1s' } },
      secrets: { polyteia: polyteia.personalAccessKey },
      args: ['--log-level', 'debug', ...args],
    },
  );

describe('a sync to the session API', () => {
  it('waits until Polyteia has read the file', async () => {
    polyteia.planIngest({ polls: 1 });
    const result = await run(['--json']);
    expect(result).toMatchObject({ exitCode: 0, leftovers: [] });
    const record = runRecordSchema.parse(JSON.parse(result.stdout));
    expect(record).toMatchObject({ state: 'succeeded', outcome: 'uploaded', rows: 3 });
    expect(record.phases.map(({ name }) => name).slice(-2)).toEqual(['upload', 'ingest']);
    const { content } = polyteia.datasets.get(DATASET) ?? {};
    expect((await readParquetWithPyarrow(content?.file ?? '')).rowCount).toBe(3);
    polyteia.assertNoViolations();
  });

  it('fails before anything is read when the terms are not acknowledged', async () => {
    Object.assign(polyteia.datasets.get(DATASET) ?? {}, { termsAcknowledged: false });
    const result = await run();
    expect(result).toMatchObject({ exitCode: 1, leftovers: [] });
    expect(result.stderr).toContain('click to acknowledge the data processing terms');
    expect(polyteia.calls.map(({ on }) => on)).not.toContain('upload');
    polyteia.assertNoViolations();
  });

  it('fails with a file that Polyteia could not read, and repeats nothing from it', async () => {
    polyteia.planIngest({ outcome: 'failed', errorMessage: `bad type: ${CANARY} at row 2` });
    const result = await run();
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('could not read it (a value that does not fit its type, row 2)');
    expect(result.stdout + result.stderr).not.toContain(CANARY);
    expect(result.stdout + result.stderr).not.toContain(polyteia.personalAccessKey);
    expect(polyteia.datasets.get(DATASET)?.uploads).toBe(0);
    polyteia.assertNoViolations();
  });
});
