import type { GuardsConfig } from '../config/schema/guards.ts';
import { GuardError } from '../errors.ts';
import type { Baseline } from '../runs/records/baseline.ts';
import { formatCount } from '../text/format.ts';

/** What guards judge: facts about a result, but none of its values. */
export interface GuardedResult {
  rows: number;
  schema: readonly { name: string; type: string }[];
}

/** How a result's columns differ from the baseline's; empty when they do not. */
export function describeSchemaChange(
  before: GuardedResult['schema'],
  after: GuardedResult['schema'],
): string[] {
  const types = new Map(before.map(({ name, type }) => [name, type]));
  const names = new Set(after.map(({ name }) => name));
  return [
    ...before.filter(({ name }) => !names.has(name)).map(({ name }) => `column "${name}" is gone`),
    ...after.flatMap(({ name, type }) => {
      const was = types.get(name);
      if (was === undefined) return [`column "${name}" (${type}) is new`];
      return was === type ? [] : [`column "${name}" was ${was} and is ${type}`];
    }),
  ];
}

const countedRows = (rows: number) => `${formatCount(rows, 'row')} ${rows === 1 ? 'is' : 'are'}`;

function findRowProblem(rows: number, guards: GuardsConfig, baseline: Baseline | undefined): string[] {
  if (rows === 0 && !guards.allowEmpty) return ['the query returned no rows'];
  const problems: string[] = [];
  if (guards.minRows !== undefined && rows < guards.minRows)
    problems.push(`${countedRows(rows)} fewer than minRows: ${formatCount(guards.minRows)}`);
  if (guards.maxRows !== undefined && rows > guards.maxRows)
    problems.push(`${countedRows(rows)} more than maxRows: ${formatCount(guards.maxRows)}`);
  if (guards.maxRowChange !== undefined && baseline) {
    const allowed = Number(guards.maxRowChange.slice(0, -1));
    const change =
      baseline.rows === 0 ? Number.POSITIVE_INFINITY : (Math.abs(rows - baseline.rows) / baseline.rows) * 100;
    if (rows !== baseline.rows && change > allowed) {
      const percent = Number.isFinite(change) ? ` (${change.toFixed(1)} %)` : '';
      problems.push(
        `${formatCount(rows, 'row')} after ${formatCount(baseline.rows)} in the last accepted result is a change${percent} beyond maxRowChange: ${guards.maxRowChange}`,
      );
    }
  }
  return problems;
}

/**
 * Checks a result before it replaces the dataset's content.
 *
 * @param baseline the last accepted result; undefined before the first
 * @returns warnings for people
 * @throws GuardError that names every guard that refuses
 */
export function assertAcceptable(
  result: GuardedResult,
  guards: GuardsConfig,
  baseline: Baseline | undefined,
): string[] {
  const names = result.schema.map(({ name }) => name);
  const problems = findRowProblem(result.rows, guards, baseline);
  const missing = (guards.columns ?? []).filter((name) => !names.includes(name));
  if (missing.length > 0)
    problems.push(`${missing.length === 1 ? 'a column is' : 'columns are'} missing: ${missing.join(', ')}`);
  const changes =
    baseline && guards.onSchemaChange !== 'ignore'
      ? describeSchemaChange(baseline.schema, result.schema)
      : [];
  if (guards.onSchemaChange === 'fail') problems.push(...changes);
  if (problems.length > 0) {
    throw new GuardError(`The dataset was left unchanged: ${problems.join('; ')}.`, {
      hint:
        result.rows === 0 && problems.length === 1
          ? 'If an empty dataset is right, set guards: { allowEmpty: true } on this sync.'
          : 'If the result is right, change the guards of this sync.',
    });
  }
  const warnings =
    guards.onSchemaChange === 'warn'
      ? changes.map((change) => `Since the last accepted result, ${change}.`)
      : [];
  const comparing = [
    ...(guards.maxRowChange === undefined ? [] : ['maxRowChange']),
    ...(guards.onSchemaChange === 'fail' ? ['onSchemaChange'] : []),
  ];
  if (!baseline && comparing.length > 0) {
    warnings.push(`There is no accepted result yet: ${comparing.join(' and ')} had nothing to compare with.`);
  }
  return warnings;
}
