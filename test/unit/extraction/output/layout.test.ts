import { describe, expect, it } from 'vitest';
import { outputBase } from '../../../../shared/config/rules/extraction-folder.ts';
import { layOut } from '../../../../shared/extraction/output/layout.ts';

const options = { application: 'postgres', base: 'atlan/', workflowId: 'catalogs', runId: 'RUN' };

describe('the layout of a run', () => {
  it.each([
    ['raw', 'table', 1, 1, 'raw/table/1.parquet', 'raw/table/chunk-0-part0.parquet'],
    ['transformed', 'column', 12, 1, 'transformed/column/12.json', 'transformed/column/chunk-11-part0.json'],
    [
      'transformed',
      'extras-procedure',
      1,
      2,
      'transformed/extras-procedure/1.json',
      'transformed/extras-procedure/chunk-0-part1.json',
    ],
  ] as const)('names %s/%s, chunk %i part %i', (form, type, chunk, part, app, sdk) => {
    const key = (layout: 'app' | 'sdk' | 'sdk3') =>
      layOut({ ...options, layout }).keyOf({ form, type, part }, chunk);
    expect(key('app')).toBe(`atlan/catalogs/RUN/${app}`);
    expect(key('sdk')).toBe(`atlan/artifacts/apps/postgres/workflows/catalogs/RUN/${sdk}`);
    const whole = form === 'raw' ? 'records.json' : 'entities.json';
    expect(key('sdk3')).toBe(`atlan/artifacts/apps/postgres/workflows/catalogs/RUN/${form}/${type}/${whole}`);
  });

  it.each([
    ['app', 'atlan/catalogs/', 'raw/table/statistics.json.ignore'],
    [
      'sdk',
      'atlan/artifacts/apps/postgres/workflows/catalogs/',
      'raw/table/statistics/statistics.json.ignore',
    ],
    ['sdk3', 'atlan/artifacts/apps/postgres/workflows/catalogs/', undefined],
  ] as const)(
    '%s has its manifest in the run’s folder and latest.json next to it',
    (layout, folder, statistics) => {
      const laid = layOut({ ...options, layout });
      expect(laid).toMatchObject({
        workflowFolder: folder,
        runFolder: `${folder}RUN/`,
        manifest: `${folder}RUN/manifest.json`,
        latest: `${folder}latest.json`,
      });
      expect(laid.statisticsOf('raw', 'table')).toBe(statistics && `${folder}RUN/${statistics}`);
    },
  );

  it.each([
    [{ bucket: undefined, prefix: '', layout: 'app' }, 'artifacts/'],
    [{ bucket: undefined, prefix: '', layout: 'sdk' }, ''],
    [{ bucket: undefined, prefix: 'a/b', layout: 'app' }, 'artifacts/a/b/'],
    [{ bucket: undefined, prefix: 'a/b', layout: 'sdk' }, 'artifacts/a/b/'],
    [{ bucket: undefined, prefix: '', layout: 'sdk3' }, ''],
    [{ bucket: undefined, prefix: 'a/b', layout: 'sdk3' }, 'artifacts/a/b/'],
    [{ bucket: 'city', prefix: '', layout: 'app' }, ''],
    [{ bucket: 'city', prefix: 'a/b', layout: 'sdk' }, 'a/b/'],
  ] as const)('%j: keys begin with "%s"', (output, base) => {
    expect(outputBase(output)).toBe(base);
  });
});
