import { expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { warnOfSharedOutputs } from '../../../shared/config/shared-output-warnings.ts';

it('extractions that write the same workflow at one place are told', () => {
  const config = parseConfig(
    `version: 1
sources: { erp: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
extractions:
  a: { sources: [erp], workflowId: wf, output: { bucket: city-catalogs } }
  b: { sources: [erp], workflowId: wf, output: { bucket: city-catalogs } }
  c: { sources: [erp], workflowId: wf, output: { bucket: city-catalogs, prefix: c } }
  d: { sources: [erp], workflowId: wf, output: { bucket: city-catalogs, layout: sdk } }
  e: { sources: [erp] }
  f: { sources: [erp], workflowId: e }
`,
    'ferry.yaml',
  );
  expect(warnOfSharedOutputs(config)).toEqual([
    'a, b: all write the workflow wf at one place, so that its latest.json tells of whichever ran last',
    'e, f: all write the workflow e at one place, so that its latest.json tells of whichever ran last',
  ]);
});
