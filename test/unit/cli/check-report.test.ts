import { describe, expect, it } from 'vitest';
import { createCheckReport } from '../../../cli/output/check-report.ts';
import type { CheckResult } from '../../../shared/checks/check-result.ts';

const ok: CheckResult = { check: 'DNS', status: 'ok', detail: '10.0.0.5' };
const refused: CheckResult = { check: 'login', status: 'failed', detail: 'wrong password for ferry' };
const skipped: CheckResult = { check: 'encryption', status: 'skipped', detail: 'no login' };

function report(checked: readonly [string, CheckResult[]][]): string {
  let text = '';
  const output = {
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
});
