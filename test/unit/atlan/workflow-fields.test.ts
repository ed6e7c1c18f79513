import { expect, it } from 'vitest';
import { readFilters } from '../../../shared/atlan/workflows/workflow-fields.ts';

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
