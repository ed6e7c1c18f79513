import { expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import { warnOfSharedDatasets } from '../../../../shared/config/rules/shared-dataset-warnings.ts';

it('syncs that replace the same dataset of the same target cause a warning', () => {
  const config = parseConfig(
    `version: 1
sources: { erp: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
polyteia: { default: { token: t }, other: { token: u } }
syncs:
  orders: { source: erp, query: SELECT 1 AS a, dataset: ds_a }
  archive: { source: erp, query: SELECT 2 AS a, dataset: ds_a }
  elsewhere: { source: erp, query: SELECT 3 AS a, dataset: ds_a, polyteia: other }
  alone: { source: erp, query: SELECT 4 AS a, dataset: ds_b }
`,
    'ferry.yaml',
  );
  expect(warnOfSharedDatasets(config)).toEqual([
    'orders, archive: all replace the dataset ds_a, so it contains the result of the last one that ran',
  ]);
});
