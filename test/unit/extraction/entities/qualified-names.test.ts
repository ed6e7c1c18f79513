import { describe, expect, it } from 'vitest';
import { QualifiedNames } from '../../../../shared/extraction/entities/qualified-names.ts';

const newNames = () => new QualifiedNames('default/postgres/1', 'db');

describe('qualifiedNames', () => {
  it('contain the names unchanged', () => {
    const names = newNames();
    expect(names.database).toBe('default/postgres/1/db');
    expect(names.schema('My Schema')).toBe('default/postgres/1/db/My Schema');
    expect(names.relation('s', 'Größe "x"')).toBe('default/postgres/1/db/s/Größe "x"');
    expect(names.column('s', 't', '50% (a/b)')).toBe('default/postgres/1/db/s/t/50% (a/b)');
    expect(names.procedure('s', 'f')).toBe('default/postgres/1/db/s/_procedures_/f');
    expect(names.procedure('s', 'f', 'integer, text')).toBe(
      'default/postgres/1/db/s/_procedures_/f(integer, text)',
    );
    expect(names.warnings).toEqual([]);
  });

  it('distinguish two relations, and what belongs to them', () => {
    const names = newNames();
    names.claimRelation('a', 'b/c');
    names.claimRelation('a/b', 'c');
    expect(names.relation('a', 'b/c')).toBe('default/postgres/1/db/a/b/c');
    expect(names.relation('a/b', 'c')).toBe('default/postgres/1/db/a%2Fb/c');
    expect(names.schema('a/b')).toBe('default/postgres/1/db/a/b');
    expect(names.column('a', 'b/c', 'id')).toBe('default/postgres/1/db/a/b/c/id');
    expect(names.column('a/b', 'c', 'id')).toBe('default/postgres/1/db/a%2Fb/c/id');
    expect(names.warnings).toEqual([
      'Two entities would be default/postgres/1/db/a/b/c: the qualifiedName of the later one is default/postgres/1/db/a%2Fb/c, to keep them apart.',
    ]);
  });

  it('do not collide with a name that is written like a replaced one', () => {
    const names = newNames();
    const schemas = ['a', 'a%2Fb', 'a/b'] as const;
    names.claimRelation(schemas[0], 'b/c');
    names.claimRelation(schemas[1], 'c');
    names.claimRelation(schemas[2], 'c');
    const made = [names.relation('a', 'b/c'), names.relation('a%2Fb', 'c'), names.relation('a/b', 'c')];
    expect(new Set(made).size).toBe(3);
    expect(made[1]).toBe('default/postgres/1/db/a%2Fb/c');
  });

  it.each<[string, (names: QualifiedNames) => string[], string[]]>([
    [
      'columns',
      (names) => [names.column('s', 't', 'a/b'), names.column('s', 't/a', 'b')],
      ['s/t/a/b', 's/t%2Fa/b'],
    ],
    [
      'routines',
      (names) => [
        names.procedure('s', 'f(integer)'),
        names.procedure('s', 'f', 'integer'),
        names.procedure('s', 'f', 'text'),
      ],
      ['s/_procedures_/f(integer)', 's/_procedures_/%66(integer)', 's/_procedures_/f(text)'],
    ],
    [
      'a schema and a table',
      (names) => {
        names.claimSchema('a/b');
        names.claimRelation('a', 'b');
        return [names.schema('a/b'), names.relation('a', 'b'), names.column('a', 'b', 'x')];
      },
      ['a/b', 'a/%62', 'a/%62/x'],
    ],
    [
      'a table and a column',
      (names) => {
        names.claimRelation('a', 'b/c');
        return [names.relation('a', 'b/c'), names.column('a', 'b', 'c'), names.column('a', 'b', 'd')];
      },
      ['a/b/c', 'a/b/%63', 'a/b/d'],
    ],
    [
      'a column of a table called _procedures_ and a routine',
      (names) => [names.column('s', '_procedures_', 'f'), names.procedure('s', 'f')],
      ['s/_procedures_/f', 's/_procedures_/%66'],
    ],
  ])('distinguish %s', (_kind, make, expected) => {
    const names = newNames();
    expect(make(names)).toEqual(expected.map((path) => `default/postgres/1/db/${path}`));
    expect(names.warnings).toHaveLength(1);
  });
});
