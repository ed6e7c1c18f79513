import { describe, expect, it } from 'vitest';
import { createCheckReport } from '../../../../cli/output/check-report.ts';
import type { CheckResult } from '../../../../shared/checks/check-result.ts';

const ok: CheckResult = { check: 'DNS', status: 'ok', detail: '10.0.0.5' };
const refused: CheckResult = { check: 'login', status: 'failed', detail: 'wrong password for ferry' };
const skipped: CheckResult = { check: 'encryption', status: 'skipped', detail: 'no login' };

function report(checked: readonly [string, CheckResult[]][], columns?: number): string {
  let text = '';
  const output = {
    isTTY: columns !== undefined,
    columns,
    write: (part: string) => {
      text += part;
    },
  };
  const printer = createCheckReport(output, false);
  for (const [name, checks] of checked) printer.add(name, checks);
  printer.end();
  return text;
}

describe('the report of ferry check', () => {
  it('has what failed last, each cause once, and ends with how many are ready', () => {
    const text = report([
      ['erp', [ok, refused, skipped]],
      ['hr', [ok]],
      ['crm', [ok, refused, skipped]],
      ['shop', [{ check: 'TCP', status: 'failed', detail: 'nothing answers' }]],
    ]);
    const headings = text.split('\n').filter((line) => /^(erp|hr|crm|shop)$/.test(line));
    expect(headings).toEqual(['hr', 'erp', 'crm', 'shop']);
    expect(text.split('Not ready:\n')[1]).toBe(
      '  erp, crm: login: wrong password for ferry\n  shop: TCP: nothing answers\n\n1 of 4 ready.\n',
    );
  });

  it('names a cause that several syncs share without one of them', () => {
    const noName = (sync: string): CheckResult => ({
      check: `${sync}: Polyteia DNS`,
      status: 'failed',
      detail: 'The name cannot be resolved.',
    });
    const text = report([
      ['erp', [ok, noName('orders'), noName('staff')]],
      ['hr', [ok, noName('leave')]],
    ]);
    expect(text.split('Not ready:\n')[1]).toMatch(
      /^ {2}erp, hr: Polyteia DNS: The name cannot be resolved\.\n/,
    );
    const one = report([
      ['erp', [ok, noName('orders')]],
      ['hr', [ok]],
    ]);
    expect(one.split('Not ready:\n')[1]).toMatch(/^ {2}erp: orders: Polyteia DNS: The name/);
  });

  it('is only that table for a single source, and one sentence when all is well', () => {
    expect(report([['erp', [ok]]])).toBe('erp\nCHECK  RESULT  DETAIL\nDNS    ok      10.0.0.5\n');
    expect(
      report([
        ['erp', [ok]],
        ['hr', [ok]],
      ]),
    ).toMatch(/\n\n2 of 2 ready\.\n$/);
  });

  it('says what several syncs have in common once, and what to do once', () => {
    const hint = 'Put a new key into the secret.';
    const of = (job: string, ms: number): CheckResult[] => [
      { check: `${job}: Polyteia TCP`, status: 'ok', detail: `app.example:443 answers in ${ms} ms` },
      { check: `${job}: dataset access`, status: 'failed', detail: 'refused', hint },
      { check: `${job}: upload permission`, status: 'failed', detail: 'refused', hint },
    ];
    expect(report([['erp', [ok, ...of('orders', 1), ...of('staff', 12)]]])).toBe(
      `erp
CHECK                             RESULT  DETAIL
DNS                               ok      10.0.0.5
orders, staff: Polyteia TCP       ok      app.example:443 answers in 1 ms
orders, staff: dataset access     failed  refused
orders, staff: upload permission  failed  refused
  → orders, staff: dataset access: ${hint}
`,
    );
  });

  it('leaves room for what was found where many syncs with long names have it in common', () => {
    const names = ['hundesteuer-köln', 'einwohnermeldeamt', 'gebühren', 'bäume'];
    const text = report([
      ['erp', names.map((job) => ({ check: `${job}: Polyteia TCP`, status: 'ok' as const, detail: 'x' }))],
    ]);
    expect(text).toMatch(/^hundesteuer-köln and 3 more: Polyteia TCP {2}ok {6}x$/m);
    const short = ['a', 'b', 'c', 'd'].map((job) => ({
      check: `${job}: DNS`,
      status: 'ok' as const,
      detail: 'x',
    }));
    expect(report([['erp', short]])).toContain('a, b, c, d: DNS');
  });

  it('keeps apart what differs between syncs', () => {
    const text = report([
      [
        'erp',
        [
          { check: 'a: dataset access', status: 'ok', detail: 'ds_a, empty' },
          { check: 'b: dataset access', status: 'failed', detail: 'Polyteia has no dataset ds_b.' },
        ],
      ],
    ]);
    expect(text).toMatch(/\na: dataset access +ok .*\nb: dataset access +failed /);
  });

  it('fits a terminal: a long detail goes on below itself', () => {
    const long: CheckResult = {
      check: 'sync größe',
      status: 'ok',
      detail: 'one two three four five six seven eight',
    };
    expect(report([['erp', [long]]], 50)).toBe(
      `erp
CHECK       RESULT  DETAIL
sync größe  ok      one two three four five six
                    seven eight
`,
    );
    expect(report([['erp', [long]]], 40)).toContain('ok      one two three four five six seven eight\n');
  });

  const ofDatabase = (name: string): CheckResult[] => [
    {
      check: `erp/${name}: databaseSchemaCheck`,
      status: 'ok',
      detail: 'Schemas and Databases check successful',
    },
    { check: `erp/${name}: tablesCheck`, status: 'ok', detail: 'Tables check successful. Table count: 4' },
    { check: `erp/${name}: versionCheck`, status: 'ok', detail: 'Client version 15.18 meets minimum' },
  ];
  const denied = (name: string): CheckResult => ({
    check: `erp/${name}: login`,
    status: 'failed',
    detail: `The source denies user "ferry" access to database "${name}".`,
    hint: 'Grant CONNECT.',
  });
  const written: CheckResult = { check: 'output: write', status: 'ok', detail: 'check.json' };

  it('has one line for forty databases, and each cause of those that failed after it', () => {
    const names = Array.from({ length: 35 }, (_, index) => `stadt_${index}`);
    const full: CheckResult = {
      check: 'erp/full: login',
      status: 'failed',
      detail: 'No connection is left.',
    };
    const checks = [...['a', 'b', 'c', 'd', 'e'].map(denied), full, ...names.flatMap(ofDatabase), written];
    expect(report([['kataloge', checks]])).toBe(
      `kataloge
CHECK          RESULT  DETAIL
35 databases   ok      databaseSchemaCheck, tablesCheck, versionCheck; 140 tables
output: write  ok      check.json
failed: erp/a, erp/b, erp/c and 2 more: login: The source denies user "ferry" access to database "a".
  → Grant CONNECT.
failed: erp/full: login: No connection is left.
`,
    );
  });

  it('shows the checks of few databases, and warnings of one among many', () => {
    expect(report([['kataloge', [...ofDatabase('a'), ...ofDatabase('b')]]])).toContain(
      '\nerp/a, erp/b: databaseSchemaCheck  ok',
    );
    const visibility: CheckResult = {
      check: 'erp/b: visibility',
      status: 'warning',
      detail: 'It sees less.',
    };
    const text = report([['kataloge', [...['a', 'b', 'c', 'd', 'e'].flatMap(ofDatabase), visibility]]]);
    expect(text).toContain('\n4 databases ');
    expect(text).toMatch(/erp\/b: tablesCheck +ok .*\n.*\nerp\/b: visibility +warning +It sees less\./);
  });

  it('tells a cause once that a source, its jobs and their databases have in common', () => {
    const known: CheckResult = {
      check: 'erp/erp: login',
      status: 'failed',
      detail: 'wrong password for ferry before. Ferry did not try it again, because each try counts.',
    };
    const text = report([
      ['erp', [ok, { ...refused, detail: 'wrong password for ferry.' }]],
      ['nightly', [known, denied('x'), denied('y')]],
    ]);
    expect(text.split('Not ready:\n')[1]).toBe(
      '  erp, nightly: login: wrong password for ferry.\n' +
        '  nightly: erp/x: login: The source denies user "ferry" access to database "x".\n\n0 of 2 ready.\n',
    );
  });
});
