import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import { warnOfExtractionDatabases } from '../../../../shared/config/rules/extraction-database-warnings.ts';

const auth = { type: 'password', secret: 's' };
const admin = { type: 'password', secret: 'ferry/admin' };
const parse = (extraction: object) =>
  parseConfig(
    stringify({
      version: 1,
      sources: {
        erp: { type: 'postgres', host: 'db', database: 'erp', auth },
        'erp-admin': { type: 'postgres', host: 'DB', database: 'erp', auth },
        hr: { type: 'postgres', host: 'db', database: 'hr', auth },
        admin: { type: 'postgres', host: 'db', database: 'erp', auth: admin },
        one: { type: 'postgres', host: 'x', port: 5432, database: 'erp', auth },
        two: { type: 'postgres', host: 'x', port: 5432, database: 'erp', auth: admin },
        far: { type: 'postgres', database: 'erp', auth },
        other: {
          type: 'postgres',
          host: 'db',
          database: 'erp',
          auth,
          connection: { name: 'o', qualifiedName: 'default/postgres/1' },
        },
        shop: { type: 'mysql', host: 'db', database: 'shop', auth },
        lager: { type: 'mysql', host: 'db', database: 'lager', auth },
      },
      extractions: { nightly: extraction },
    }),
    'ferry.yaml',
  );

const warningsOf = (extraction: object) => warnOfExtractionDatabases(parse(extraction));

describe('an extraction', () => {
  it.each([
    [
      'the own database of two sources',
      { sources: ['erp', 'erp-admin'] },
      /erp and erp-admin would both write default\/postgres\/db\/erp: leave one out/,
    ],
    [
      'listed databases of two sources',
      { sources: ['erp', 'hr'], databases: ['a', 'b'] },
      /erp and hr would both write default\/postgres\/db\/a:/,
    ],
    [
      'a MySQL server twice',
      { sources: ['shop', 'lager'] },
      /lager and shop would both write default\/mysql\/db\/def:/,
    ],
    [
      'databases of a MySQL server',
      { sources: ['shop'], databases: ['shop'] },
      /means nothing for MySQL \(shop\).*: leave it out, and write include: { "\^def\$": \["\^shop\$"\] }/,
    ],
    [
      'one server with two logins',
      { sources: ['one', 'two'] },
      /one and two would both write default\/postgres\/\d+\/erp:/,
    ],
  ])('cannot read %s', (_what, extraction, message) => {
    expect(warningsOf(extraction)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    ['different databases', { sources: ['erp', 'hr'] }],
    ['different connections', { sources: ['erp', 'other'] }],
    ['a source whose address only its secret knows', { sources: ['erp', 'far'] }],
    ['a server with two secrets, which may have two ports', { sources: ['erp', 'admin'] }],
    ['Postgres beside MySQL', { sources: ['erp', 'shop'] }],
    ['the database of a MySQL server by its name', { sources: ['shop'], databases: ['def'] }],
  ])('may read %s', (_what, extraction) => {
    expect(warningsOf(extraction)).toEqual([]);
  });
});

it('warns of a server all of whose databases are read twice', () => {
  const ofAll = (sources: string[]) => warningsOf({ sources, databases: 'all' });
  expect(ofAll(['erp', 'hr', 'other'])).toEqual([
    'nightly: the sources erp and hr are one server to Atlan, and databases: all reads both: a run fails at the first database that both logins may connect to; leave one out, or list the databases',
  ]);
  expect(ofAll(['erp', 'other', 'shop'])).toEqual([]);
});
