import { expect, it } from 'vitest';
import { kindOfJob } from '../../../shared/config/job-kind.ts';
import { ferryConfigSchema } from '../../../shared/config/schema/ferry-config.ts';

const config = ferryConfigSchema.parse({
  version: 1,
  sources: { erp: { type: 'postgres', host: 'h', database: 'd', auth: { type: 'password', secret: 's' } } },
  polyteia: { default: { token: 't' } },
  syncs: { orders: { source: 'erp', query: 'SELECT 1', dataset: 'ds_1' } },
  extractions: { catalogs: { sources: ['erp'] } },
});

it.each([
  ['orders', 'sync'],
  ['catalogs', 'extraction'],
  ['toString', undefined],
  ['orders ', undefined],
])('%s is of the kind %s', (job, kind) => {
  expect(kindOfJob(config, job)).toBe(kind);
});
