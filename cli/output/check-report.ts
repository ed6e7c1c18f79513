import type { CheckResult } from '../../shared/checks/check-result.ts';
import { formatCount } from '../../shared/text/format.ts';
import { nameSome } from '../../shared/text/name-some.ts';
import { printable, printableMessage } from '../../shared/text/printable.ts';
import { formatTable, type Output } from './output.ts';

type Checked = [name: string, checks: readonly CheckResult[]];

const failureOf = ([, checks]: Checked) => checks.find(({ status }) => status === 'failed');

/**
 * Prints the checks of one thing after another. What failed comes last, each cause once, and then how many are ready.
 *
 * @param isSilent for --json
 */
export function createCheckReport(
  output: Output,
  isSilent: boolean,
): { add: (name: string, checks: readonly CheckResult[]) => void; end: () => void } {
  if (isSilent) return { add: () => {}, end: () => {} };
  const all: Checked[] = [];
  let printed = 0;
  const print = (checked: Checked) => {
    output.write(`${printed > 0 ? '\n' : ''}${format(checked)}`);
    printed += 1;
  };
  return {
    add(name, checks) {
      const checked: Checked = [name, checks];
      all.push(checked);
      if (!failureOf(checked)) print(checked);
    },
    end() {
      const failed = all.filter((checked) => failureOf(checked));
      for (const checked of failed) print(checked);
      if (all.length > 1) output.write(conclude(all, failed));
    },
  };
}

function format([name, checks]: Checked): string {
  const rows = checks.map(({ check, status, detail }) => [check, status, detail]);
  const hints = checks.flatMap(({ check, hint }) => (hint === undefined ? [] : [`  → ${check}: ${hint}\n`]));
  return `${name}\n${formatTable(['CHECK', 'RESULT', 'DETAIL'], rows)}\n${hints.join('')}`;
}

/** `5 of 9 ready.`, after the first failure of each of the others. */
function conclude(all: readonly Checked[], failed: readonly Checked[]): string {
  const causes = new Map<string, string[]>();
  for (const checked of failed) {
    const { check, detail } = failureOf(checked) ?? { check: '', detail: '' };
    const cause = `${check}: ${detail}`;
    causes.set(cause, [...(causes.get(cause) ?? []), checked[0]]);
  }
  const lines = [...causes].map(
    ([cause, names]) => `  ${printable(nameSome(names))}: ${printableMessage(cause)}\n`,
  );
  const ready = `${formatCount(all.length - failed.length)} of ${formatCount(all.length)} ready.`;
  return lines.length === 0 ? `\n${ready}\n` : `\nNot ready:\n${lines.join('')}\n${ready}\n`;
}
