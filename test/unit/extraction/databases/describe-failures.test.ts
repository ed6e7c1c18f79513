import { describe, expect, it } from 'vitest';
import { describeFailures } from '../../../../shared/extraction/databases/describe-failures.ts';
import type { DatabaseOutcome } from '../../../../shared/runs/records/run-record.ts';

const good = (database: string): DatabaseOutcome => ({
  source: 'erp',
  database,
  state: 'extracted',
  entities: 1,
});
const bad = (database: string, name = 'AuthError', message = `${database} says no.`): DatabaseOutcome => ({
  source: 'erp',
  database,
  state: 'failed',
  entities: 0,
  error: { class: name, message, hint: 'Ask.' },
});

describe('the error of a run in which databases failed', () => {
  it.each([
    ['none', [good('a')], undefined],
    ['the only one', [bad('a')], 'a says no.'],
    ['one of two', [good('a'), bad('b')], '1 of 2 databases failed. erp/b: b says no.'],
    [
      'seven of eight',
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => bad(name)).concat(good('h')),
      '7 of 8 databases failed. erp/a: a says no. erp/b: b says no. erp/c: c says no. Also failed: erp/d, erp/e, erp/f, erp/g.',
    ],
    [
      'several for two causes',
      ['a', 'b', 'c', 'd', 'e', 'f', 'ü']
        .map((name) => bad(name, 'AuthError', 'It is full.'))
        .concat(bad('g', 'AuthError', 'It is closed.')),
      '8 of 8 databases failed. erp/a: It is full. Likewise: erp/b, erp/c, erp/d, erp/e, erp/f and 1 more. erp/g: It is closed.',
    ],
    [
      'some for a cause that only names them',
      ['a', 'b', 'c'].map((name) => bad(name, 'AuthError', `The source denies database "${name}".`)),
      '3 of 3 databases failed. erp/a: The source denies database "a". Likewise: erp/b, erp/c.',
    ],
  ])('%s', (_what, outcomes, message) => {
    expect(describeFailures(outcomes)?.message).toBe(message);
  });

  it('has the class and the hint of the first', () => {
    expect(describeFailures([bad('a', 'QueryError'), bad('b')])).toMatchObject({
      class: 'QueryError',
      hint: 'Ask.',
    });
  });
});
