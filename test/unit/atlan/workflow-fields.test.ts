import { expect, it } from 'vitest';
import { objectField, readFilters } from '../../../shared/atlan/workflows/workflow-fields.ts';

const form =
  'expected {"^database$": ["^schema$"]}, as an object or as its JSON in a text, with each database pattern once';

it.each([
  ['text that is no JSON', { 'include-filter': '{"^geheim' }, 'metadata.include-filter'],
  ['JSON with a key twice', { 'exclude-filter': '{"a": ["b"], "a": ["c"]}' }, 'metadata.exclude-filter'],
  ['a list', { 'exclude-filter': ['geheim'] }, 'metadata.exclude-filter'],
  ['schemas that are a number', { 'include-filter': { geheim: 5 } }, 'metadata.include-filter'],
])('a filter that is %s is refused with the form that is right', (_what, metadata, field) => {
  let refused: unknown;
  try {
    readFilters(metadata);
  } catch (error) {
    refused = error;
  }
  expect(refused).toMatchObject({ status: 422, message: `${field}: ${form}` });
});

it('filters are those of Atlan’s user interface', () => {
  expect(readFilters({ 'include-filter': '{"^erp$": ["^public$"]}', 'exclude-filter': '' })).toMatchObject({
    include: { '^erp$': ['^public$'] },
    exclude: {},
  });
});

it.each([
  ['letters', 'a'.repeat(250_000)],
  ['an address without an end', `a://${'x'.repeat(249_000)}`],
  ['many addresses', 'a://x:'.repeat(40_000)],
  ['many words for secrets', `password${' '.repeat(90)}`.repeat(2_500)],
])('a text as long as a body that is %s is looked through at once', (_what, text) => {
  const begin = performance.now();
  expect(objectField({ metadata: { text } }, 'metadata')).toEqual({ text });
  expect(performance.now() - begin).toBeLessThan(2_000);
});
