import { describe, expect, it } from 'vitest';
import { findQueryMistake } from '../../../../shared/config/mistakes/query-mistakes.ts';

/** A variable as shells write it. */
const variable = (name: string) => ['$', '{', name, '}'].join('');

describe('a query that only looks like a mistake is left alone', () => {
  it.each([
    "SELECT * FROM mails WHERE body LIKE '%{{name}}%'",
    `SELECT * FROM mails WHERE body ~ 'Grüße, ${variable('NAME')}!'`,
    "SELECT tage[1:n], tage[:n], von::date FROM kalender WHERE zeit = '12:30'",
    "SELECT daten->'$.a', preis % s FROM t WHERE text = '= :seit' AND art ? 'x'",
    'SELECT $$ = :seit $$, "ist ?", 5 -- = %s',
  ])('%s', (query) => {
    expect(findQueryMistake(query, 'postgres')).toBeUndefined();
  });

  it.each(['SELECT @a := 5 AS a, `wie ?` FROM t # = ?', "SELECT * FROM t WHERE grund = 'warum?' AND x = 1"])(
    'MySQL: %s',
    (query) => {
      expect(findQueryMistake(query, 'mysql')).toBeUndefined();
    },
  );
});

it.each([
  "SELECT * FROM t WHERE tag = '{{ ds }}'",
  'SELECT * FROM {{ params.table }}',
  `SELECT * FROM ${variable('TABELLE')}`,
])('%s has what somebody else was to replace', (query) => {
  expect(findQueryMistake(query)?.message).toMatch(/Ferry replaces nothing in a query/);
});
