import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { duckdbMemoryLimit } from '../../../../functions/jobs/job-function.ts';
import { runExtraction } from '../../../../shared/extraction/run-extraction.ts';
import { assertOutput } from '../../../support/extraction/assert-output.ts';
import { setUpExtraction } from '../../../support/extraction/extraction-setup.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres-server.ts';

describe('a catalog of 50 MB of comments and 40 MB of definitions', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
    const columns = Array.from({ length: 250 }, (_, n) => `c${n} int`).join(', ');
    await postgres.query(`CREATE TABLE public.noted (${columns})`);
    await postgres.query(
      `DO $$ BEGIN
         FOR n IN 0..249 LOOP EXECUTE format('COMMENT ON COLUMN public.noted.c%s IS %L', n, n || repeat('ü', 100000)); END LOOP;
         FOR n IN 0..1999 LOOP EXECUTE format('CREATE FUNCTION public.f%s() RETURNS int LANGUAGE sql AS %L', n, 'SELECT 1 -- ' || repeat('x', 20000)); END LOOP;
       END $$`,
    );
  }, 120_000);
  afterAll(() => postgres?.stop());

  it('is extracted with the memory that a function has by default', async () => {
    await using setup = await setUpExtraction(postgres);
    const record = await runExtraction({ ...setup.options(), memoryLimitBytes: duckdbMemoryLimit(2048) });
    expect([record.state, record.error]).toEqual(['succeeded', undefined]);
    const entities = await assertOutput(dirname(record.manifest ?? ''));
    const comments = entities.flatMap(({ typeName, attributes }) =>
      typeName === 'Column' ? [attributes.description?.length] : [],
    );
    expect(comments).toEqual(Array.from({ length: 250 }, () => 100_000));
    expect(entities.filter(({ typeName }) => typeName === 'Procedure')).toHaveLength(2_000);
  }, 240_000);

  it('ends a run with less memory, and says what to do', async () => {
    await using setup = await setUpExtraction(postgres);
    const record = await runExtraction({ ...setup.options(), memoryLimitBytes: 128_000_000 });
    expect(record).toMatchObject({
      state: 'failed',
      error: { class: 'QueryError', hint: expect.stringContaining('Give the run more memory') },
    });
  }, 240_000);
});
