import { expect, it } from 'vitest';
import { escapeDatabaseNames } from '../../../../shared/extraction/databases/escape-database-names.ts';
import { QualifiedNames } from '../../../../shared/extraction/entities/qualified-names.ts';

it.each<[string[], [string, string][]]>([
  [['a', 'b'], []],
  [['a/b', 'ab', 'b'], []],
  [
    ['a', 'a/b', 'a/b/c'],
    [
      ['a/b', 'a%2Fb'],
      ['a/b/c', 'a%2Fb%2Fc'],
    ],
  ],
])('of the databases %j, these are escaped: %j', (names, written) => {
  expect([...escapeDatabaseNames(names)]).toEqual(written);
});

it('a database whose name is escaped keeps its name, with a warning', () => {
  const names = new QualifiedNames('default/postgres/1', 'a/b', 'a%2Fb');
  expect([names.databaseName, names.database]).toEqual(['a/b', 'default/postgres/1/a%2Fb']);
  expect(names.relation('s', 't')).toBe('default/postgres/1/a%2Fb/s/t');
  expect(names.warnings).toEqual([
    'The database a/b appears as a%2Fb in qualifiedNames: its own name would clash with those of another database’s schemas.',
  ]);
});
