import { describe, expect, it } from 'vitest';
import { planFunctions } from '../../../shared/config/job-functions.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';

const plansOf = (syncs: string) =>
  planFunctions(
    parseConfig(
      `version: 1
defaults: { source: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
sources: { erp: { function: { memory: 3008, timeout: 5m } }, hr: {} , unused: {} }
polyteia: { default: { token: t } }
syncs: ${syncs}`,
      'ferry.yaml',
    ),
  );
const sync = 'query: SELECT 1, dataset: ds_a';

describe('planFunctions', () => {
  it('gives each source with jobs one function, and each job that asks for it its own, in the order of names', () => {
    expect(
      plansOf(
        `{ z: { source: erp, ${sync} }, staff: { source: hr, ${sync} }, a: { source: erp, ${sync} }, big: { source: erp, ${sync}, dedicated: { memory: 8192 } } }`,
      ),
    ).toEqual([
      { kind: 'sync', source: 'erp', jobs: ['a', 'z'], settings: { memory: 3008, timeout: '5m' } },
      { kind: 'sync', source: 'hr', jobs: ['staff'], settings: {} },
      {
        kind: 'sync',
        source: 'erp',
        dedicatedTo: 'big',
        jobs: ['big'],
        settings: { memory: 8192, timeout: '5m' },
      },
    ]);
  });

  it('refuses a file that has nothing to deploy', () => {
    expect(() => plansOf('{}')).toThrow('There is nothing to deploy: the configuration has no syncs.');
  });

  it('gives a source none whose jobs all have their own', () => {
    expect(plansOf(`{ a: { source: hr, ${sync}, dedicated: {} } }`)).toEqual([
      { kind: 'sync', source: 'hr', dedicatedTo: 'a', jobs: ['a'], settings: {} },
    ]);
  });
});
