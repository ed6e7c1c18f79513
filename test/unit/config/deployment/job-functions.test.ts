import { describe, expect, it } from 'vitest';
import { planDeployment } from '../../../../shared/config/deployment/job-functions.ts';
import { parseConfig } from '../../../../shared/config/load-config.ts';

const plansOf = (syncs: string, extractions = '{}') =>
  planDeployment(
    parseConfig(
      `version: 1
defaults: { source: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
sources: { erp: { function: { memory: 3008, timeout: 5m } }, hr: {} , unused: {}, shop: { type: mysql } }
polyteia: { default: { token: t } }
syncs: ${syncs}
extractions: ${extractions}`,
      'ferry.yaml',
    ),
  );
const sync = 'query: SELECT 1, dataset: ds_a';

describe('planDeployment', () => {
  it('gives each source with jobs a function, and each job that asks for it its own, ordered by name', () => {
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

  it('refuses a file with nothing to deploy', () => {
    expect(() => plansOf('{}')).toThrow(
      'There is nothing to deploy: the configuration has neither syncs nor extractions.',
    );
  });

  it('gives each extraction its own, after those of the syncs, with its own settings', () => {
    expect(
      plansOf(
        `{ z: { source: hr, ${sync} } }`,
        '{ nightly: { sources: ["*"], function: { memory: 1024 } }, again: { sources: [hr, erp] } }',
      ),
    ).toEqual([
      { kind: 'sync', source: 'hr', jobs: ['z'], settings: {} },
      { kind: 'extraction', job: 'again', jobs: ['again'], sources: ['erp', 'hr'], settings: {} },
      {
        kind: 'extraction',
        job: 'nightly',
        jobs: ['nightly'],
        sources: ['erp', 'hr', 'shop', 'unused'],
        settings: { memory: 1024 },
      },
    ]);
  });

  it('does not need syncs', () => {
    expect(plansOf('{}', '{ catalogs: { sources: [hr] } }')).toEqual([
      { kind: 'extraction', job: 'catalogs', jobs: ['catalogs'], sources: ['hr'], settings: {} },
    ]);
  });

  it('gives none to a source whose jobs all have dedicated ones', () => {
    expect(plansOf(`{ a: { source: hr, ${sync}, dedicated: {} } }`)).toEqual([
      { kind: 'sync', source: 'hr', dedicatedTo: 'a', jobs: ['a'], settings: {} },
    ]);
  });
});
