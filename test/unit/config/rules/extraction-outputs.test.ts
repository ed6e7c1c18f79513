import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/load-config.ts';

const parse = (one: string, two: string) =>
  parseConfig(
    `version: 1
sources: { erp: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
extractions: { one: { sources: [erp], ${one} }, two: { sources: [erp], ${two} } }`,
    'ferry.yaml',
  );

describe('the folders of extractions', () => {
  it.each(['../x', 'a/..', 'a/../b', '.', './a', '/a', 'a//b'])('have no prefix such as %s', (prefix) => {
    expect(() => parse('', `output: { prefix: "${prefix}" }`)).toThrow(
      /extractions\.two\.output\.prefix.*a key prefix such as atlan\/postgres/,
    );
  });

  it.each(['a..b', '..a/b', 'a/.b', 'a/'])('may have the prefix %s', (prefix) => {
    const { output } = parse('', `output: { prefix: "${prefix}" }`).extractions.two ?? {};
    expect(output?.prefix).toBe(prefix.replace(/\/$/, ''));
  });

  it.each([
    ['by their names', '', ''],
    ['by their workflows', 'workflowId: w', 'workflowId: v'],
    ['by their prefixes', 'workflowId: w, output: { prefix: a }', 'workflowId: w, output: { prefix: b }'],
    ['by their buckets', 'workflowId: w', 'workflowId: w, output: { bucket: city-catalogs }'],
    [
      'by their applications',
      'workflowId: w, output: { layout: sdk }',
      'workflowId: w, output: { layout: sdk, application: pg }',
    ],
  ])('differ %s', (_name, one, two) => {
    expect(Object.keys(parse(one, two).extractions)).toEqual(['one', 'two']);
  });

  it.each([
    ['workflow', 'workflowId: two', ''],
    [
      'workflow, whatever the application is called that no key holds',
      'workflowId: w, output: { bucket: city-catalogs, prefix: a/ }',
      'workflowId: w, output: { bucket: city-catalogs, prefix: a, application: pg }',
    ],
  ])('are refused when they are of the same %s', (_name, one, two) => {
    expect(() => parse(one, two)).toThrow(
      'extractions.two: writes to the same folder as "one": give one of them another workflowId, output.prefix or output.bucket',
    );
  });
});
