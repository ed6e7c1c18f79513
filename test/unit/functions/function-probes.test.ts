import type { InvokeCommand } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { createFunctionProbes } from '../../../functions/api/function-probes.ts';
import type { JobIndex } from '../../../shared/api/jobs/job-index.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

const workflow = { id: 'x', include: {}, exclude: {}, tempTableRegex: '' };
const jobs: JobIndex = {
  catalogs: { kind: 'extraction', sources: ['erp', 'hr'], workflow },
  orders: { kind: 'sync', source: 'erp', dataset: 'ds_a', target: 'default' },
};
const draft = { query: 'SELECT 1 AS id', types: 'exact' } as const;
const described = { columns: [{ name: 'id', sourceType: 'integer', type: 'INTEGER' }], warnings: [] };

function probesThatGet(answer: object) {
  const asked: { function: string | undefined; event: unknown }[] = [];
  const probes = createFunctionProbes({
    lambda: {
      send: (async (command: InvokeCommand) => {
        const { FunctionName, Payload } = command.input;
        asked.push({ function: FunctionName, event: JSON.parse(Buffer.from(Payload as Buffer).toString()) });
        return { Payload: { transformToString: () => JSON.stringify(answer) } };
      }) as never,
    },
    readJobs: async () => jobs,
    functionOf: async (job) => `function-of-${job}`,
    logger: createLogger({ level: 'silent' }),
  });
  return { probes, asked };
}

describe('the columns of a query', () => {
  it.each([
    ['erp', 'orders'],
    ['hr', 'catalogs'],
  ])('of the source %s are asked of the function of %s', async (source, job) => {
    const { probes, asked } = probesThatGet({ probed: described });
    expect(await probes.columns(source, draft)).toEqual(described);
    expect(asked).toEqual([
      { function: `function-of-${job}`, event: { job, source, probe: 'columns', ...draft } },
    ]);
  });

  it('of a source that no job reads are nobody’s', async () => {
    const { probes, asked } = probesThatGet({});
    await expect(probes.columns('epr', draft)).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('did you mean "erp"?'),
    });
    expect(asked).toEqual([]);
  });

  it.each([
    [{ refused: { class: 'QueryError', message: 'No table "x".' } }, 422],
    [{ refused: { class: 'AuthError', message: 'Refused.', hint: 'Look.' } }, 502],
    [{ refused: { class: 'DeadlineError', message: 'Late.' } }, 504],
    [{ refused: { class: 'UnexpectedError', message: 'Bug.' } }, 500],
    [{ checks: [] }, 502],
  ])('are refused as a problem of the API: %j', async (answer, status) => {
    const { probes } = probesThatGet(answer);
    await expect(probes.columns('erp', draft)).rejects.toMatchObject({ name: 'Error', status });
  });

  it.each([
    [{ denied: true }, 403, 'failed'],
    [{}, 401, 'invalid_credentials'],
  ])('of Atlan’s API tell a login that is not let in from a wrong one: %j', async (said, status, told) => {
    const { probes } = probesThatGet({ refused: { class: 'AuthError', message: 'No.', ...said } });
    await expect(probes.signIn({ source: 'erp' })).rejects.toMatchObject({ status, data: { status: told } });
  });
});
