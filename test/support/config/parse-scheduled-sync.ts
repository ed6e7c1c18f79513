import { parseConfig } from '../../../shared/config/load-config.ts';

/** A configuration for `ferry serve` with one sync, `orders`, and its schedule. */
export const parseScheduledSync = (cron: string, enabled = true) =>
  parseConfig(
    `version: 1
sources: { erp: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
polyteia: { default: { token: t } }
syncs:
  orders: { source: erp, query: SELECT 1 AS a, dataset: ds_a, schedule: { cron: "${cron}", enabled: ${enabled} } }
`,
    'ferry.yaml',
    'process',
  );
