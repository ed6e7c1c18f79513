import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/load-config.ts';
import { findExtraction } from '../../../../shared/extraction/extraction-work.ts';

const parse = (one: string, two: string, top = '') =>
  parseConfig(
    `version: 1
sources: { erp: { type: postgres, host: h, database: d, auth: { type: password, secret: s } } }
extractions: { one: { sources: [erp], ${one} }, two: { sources: [erp], ${two} } }
${top}`,
    'ferry.yaml',
  );

const NAMED: [string, string[], string | undefined, string][] = [
  ['Postgres', ['erp'], undefined, 'postgres'],
  ['MySQL', ['shop'], undefined, 'mysql'],
  ['MariaDB behind ODBC and MySQL', ['lager', 'shop'], undefined, 'mysql'],
  ['SQLite', ['archiv'], undefined, 'sqlite'],
  ['SQL Server', ['ledger'], undefined, 'mssql'],
  ['several kinds', ['*'], undefined, 'postgres'],
  ['what the file says', ['shop'], 'pg', 'pg'],
];

describe('the application in keys', () => {
  it.each(NAMED)('is that of %s', (_what, sources, application, expected) => {
    const server = { host: 'h', database: 'd', auth: { type: 'password', secret: 's' } };
    const odbc = (product: string) => ({ type: 'odbc', odbc: { product, driver: 'lib.so' } });
    const config = parseConfig(
      JSON.stringify({
        version: 1,
        sources: {
          erp: { type: 'postgres', ...server },
          shop: { type: 'mysql', ...server },
          lager: { ...odbc('mariadb'), ...server },
          ledger: { ...odbc('sqlserver'), ...server },
          archiv: { ...odbc('sqlite'), database: '/a.sqlite', auth: { type: 'none' } },
        },
        extractions: { one: { sources, output: { layout: 'sdk', application } } },
      }),
      'ferry.yaml',
    );
    expect(findExtraction(config, 'one').application).toBe(expected);
  });
});

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
      'application, whatever the version of the SDK',
      'workflowId: w, output: { layout: sdk }',
      'workflowId: w, output: { layout: sdk3 }',
    ],
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

  it.each([
    ['workflowId: x', 'workflowId: y, output: { prefix: x }', 'artifacts/x/y/', 'artifacts/x/'],
    ['workflowId: y, output: { prefix: x }', 'workflowId: x', 'artifacts/x/', 'artifacts/x/y/'],
    [
      'output: { bucket: city-catalogs, prefix: atlan }, workflowId: hr',
      'output: { bucket: city-catalogs, prefix: atlan/hr }',
      'atlan/hr/two/',
      'atlan/hr/',
    ],
    [
      'workflowId: apps',
      'output: { layout: sdk3 }',
      'artifacts/apps/postgres/workflows/two/',
      'artifacts/apps/',
    ],
    // The bucket at the top is Ferry's own, by whichever name.
    [
      '',
      'output: { bucket: my-state, prefix: artifacts/one }',
      'artifacts/one/two/',
      'artifacts/one/',
      'bucket: my-state',
    ],
  ])('are refused when one is inside the other: %s; %s', (one, two, own, other, top = '') => {
    expect(() => parse(one, two, top)).toThrow(
      `extractions.two: writes to ${own}, and "one" to ${other}: neither folder may be inside the other; give one of them another workflowId, output.prefix or output.bucket`,
    );
  });

  it('may begin with the same letters', () => {
    const { extractions } = parse('workflowId: hr', 'workflowId: x, output: { prefix: hr-archive }');
    expect(extractions).toHaveProperty('two');
  });

  it.each([
    ['output: { bucket: my-state, prefix: jobs }', 'jobs/two/', 'jobs/'],
    ['workflowId: leases, output: { bucket: my-state }', 'leases/', 'leases/'],
    ['output: { bucket: my-state, prefix: refused/orders, layout: sdk }', 'refused/orders/', 'refused/'],
  ])('are refused in the state: %s', (two, folder, own) => {
    expect(() => parse('', two, 'bucket: my-state')).toThrow(
      new RegExp(
        `extractions\\.two: writes to ${folder}.* in my-state, where Ferry keeps its own ${own}: choose another output.prefix, such as atlan, or another output.bucket`,
      ),
    );
    expect(parse('', two).extractions).toHaveProperty('two');
  });

  it('may be elsewhere in the bucket of the state', () => {
    const { extractions } = parse('', 'output: { bucket: my-state, prefix: atlan }', 'bucket: my-state');
    expect(extractions).toHaveProperty('two');
  });
});
