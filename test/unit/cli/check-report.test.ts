import { describe, expect, it } from 'vitest';
import { createCheckReport } from '../../../cli/output/check-report.ts';
import type { CheckResult } from '../../../shared/checks/check-result.ts';

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
});
