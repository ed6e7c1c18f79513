import { expect, it } from 'vitest';
import { summaryOf } from '../../../cli/commands/set-up/tree.ts';

const schema = { name: 'public', tables: 1, views: 0, routines: 0 };
const tree = [
  { name: 'a', schemas: [{ ...schema, inScope: true }] },
  { name: 'b', schemas: [{ ...schema, inScope: false }] },
  { name: 'c', schemas: [], refusal: 'the login has no CONNECT privilege' },
].map((database) => ({ refusal: undefined, ...database, bytes: 8_000, isDefault: false }));

it('the tree of many databases ends with how many were read, and how many the filters keep', () => {
  expect(summaryOf(tree, false)).toBe('3 databases: 2 read, 1 not.');
  expect(summaryOf(tree, true)).toBe('3 databases: 2 read, 1 not, the filters keep something of 1.');
  expect(summaryOf(tree.slice(0, 1), false)).toBe('1 database: 1 read.');
});
