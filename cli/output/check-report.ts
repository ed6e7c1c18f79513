import stringWidth from 'string-width';
import type { CheckResult } from '../../shared/checks/check-result.ts';
import { causeOf, groupChecks } from '../../shared/checks/group-checks.ts';
import { formatCount } from '../../shared/text/format.ts';
import { nameSome } from '../../shared/text/name-some.ts';
import { printable, printableMessage } from '../../shared/text/printable.ts';
import { formatTable, type Output } from './output.ts';
import { wrapText } from './wrap-text.ts';

type Checked = [name: string, checks: readonly CheckResult[]];

const failuresOf = ([, checks]: Checked) => checks.filter(({ status }) => status === 'failed');
const hasFailed = (checked: Checked) => failuresOf(checked).length > 0;

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
    output.write(`${printed > 0 ? '\n' : ''}${format(checked, output)}`);
    printed += 1;
  };
  return {
    add(name, checks) {
      const checked: Checked = [name, checks];
      all.push(checked);
      if (!hasFailed(checked)) print(checked);
    },
    end() {
      const failed = all.filter(hasFailed);
      for (const checked of failed) print(checked);
      if (all.length > 1) output.write(conclude(all, failed));
    },
  };
}

/** Checks that found the same for several syncs, as one: each asks the same target. */
function merge(checks: readonly CheckResult[]): CheckResult[] {
  const groups = new Map<string, { one: CheckResult; names: string[]; rest: string }>();
  for (const one of checks) {
    const [, name, rest = ''] = /^([^:]+): (.+)$/.exec(one.check) ?? [];
    // How long an answer took is no difference.
    const found = `${one.status} ${one.detail.replace(/ in \d+ ms$/, '')} ${one.hint}`;
    const key = name === undefined ? one.check : JSON.stringify([rest, found]);
    const group = groups.get(key);
    if (group === undefined || name === undefined)
      groups.set(key, { one, names: name === undefined ? [] : [name], rest });
    else group.names.push(name);
  }
  return [...groups.values()].map(({ one, names, rest }) =>
    names.length > 1 ? { ...one, check: `${nameFew(names)}: ${rest}` } : one,
  );
}

/** So much of a line may name syncs: what was found has to fit beside it. */
const NAMES_WIDTH = 30;

/** All names, or as many as fit and how many more there are. */
function nameFew(names: readonly string[]): string {
  const all = nameSome(names);
  if (stringWidth(all) <= NAMES_WIDTH) return all;
  let shown = names.slice(0, 1);
  while (
    shown.length < names.length &&
    stringWidth(names.slice(0, shown.length + 1).join(', ')) <= NAMES_WIDTH - 10
  )
    shown = names.slice(0, shown.length + 1);
  return `${shown.join(', ')} and ${names.length - shown.length} more`;
}

function format([name, checks]: Checked, output: Pick<Output, 'isTTY' | 'columns'>): string {
  const { rows: own, failed } = groupChecks(checks);
  const merged = merge(own);
  const rows = merged.map(({ check, status, detail }) => [check, status, detail]);
  // What is to be done is said once, for the first check that needs it.
  const hints = new Map(
    merged.flatMap(({ check, hint }) => (hint === undefined ? [] : [[hint, check] as const])).reverse(),
  );
  const told = [...hints].reverse().map(([hint, check]) => `  → ${check}: ${hint}\n`);
  const known = new Set(hints.keys());
  const lines = failed.map(({ check, detail, hint }) => {
    const isNew = hint !== undefined && !known.has(hint);
    if (isNew) known.add(hint);
    return `failed: ${check}: ${printableMessage(detail)}\n${isNew ? `  → ${printableMessage(hint)}\n` : ''}`;
  });
  const table = fitToTerminal(formatTable(['CHECK', 'RESULT', 'DETAIL'], rows), output);
  return `${name}\n${table}\n${told.join('')}${lines.join('')}`;
}

/** A table whose last column goes on below itself where the terminal ends. */
function fitToTerminal(table: string, { isTTY, columns = 80 }: Pick<Output, 'isTTY' | 'columns'>): string {
  const lines = table.split('\n');
  const start = stringWidth((lines[0] ?? '').replace(/\S+$/, ''));
  // With less room, broken words would be harder to read than lines that the terminal breaks.
  if (!isTTY || columns - start < 30) return table;
  return lines
    .map((line) => {
      if (stringWidth(line) <= columns) return line;
      const [head = '', detail = ''] = splitAt(line, start);
      return head + wrapText(detail, columns - start).replaceAll('\n', `\n${' '.repeat(start)}`);
    })
    .join('\n');
}

/** A line in two, where the first part takes that much room. */
function splitAt(line: string, width: number): [string, string] {
  let head = '';
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    if (stringWidth(head) >= width) break;
    head += segment;
  }
  return [head, line.slice(head.length)];
}

/** What a cause is called that two checks have found: without the sync, if each was of another one. */
function sharedLabel(known: string, other: string): string {
  // The words of a database's failure name the database.
  const rest = /^[^:/]+: (.+)$/.exec(known)?.[1];
  return rest !== undefined && known !== other && other.endsWith(`: ${rest}`) ? rest : known;
}

/** `5 of 9 ready.`, after each cause for the others once. */
function conclude(all: readonly Checked[], failed: readonly Checked[]): string {
  const causes = new Map<string, { check: string; detail: string; names: Set<string> }>();
  for (const checked of failed) {
    for (const found of failuresOf(checked)) {
      const cause = causeOf(found);
      const { check, detail, names } = causes.get(cause) ?? { ...found, names: new Set<string>() };
      const shared = sharedLabel(check, found.check);
      causes.set(cause, { check: shared, detail, names: names.add(checked[0]) });
    }
  }
  const lines = [...causes.values()].map(
    ({ check, detail, names }) =>
      `  ${printable(nameSome([...names]))}: ${printableMessage(`${check}: ${detail}`)}\n`,
  );
  const ready = `${formatCount(all.length - failed.length)} of ${formatCount(all.length)} ready.`;
  return lines.length === 0 ? `\n${ready}\n` : `\nNot ready:\n${lines.join('')}\n${ready}\n`;
}
