import { formatCount } from '../text/format.ts';
import { nameSome } from '../text/name-some.ts';
import type { CheckResult } from './check-result.ts';

/** One of Atlan's checks of one database, such as `erp/hr: tablesCheck`. */
const OF_DATABASE = /^([^/:]+\/.+): ([^:]+)$/;
const ATLANS = ['databaseSchemaCheck', 'tablesCheck', 'versionCheck'];
const TABLES = /Table count: (\d+)$/;
/** So many databases have lines of their own. */
const MANY = 3;

/** Where a check is of one database of many. */
function placeOf({ check }: CheckResult): { label: string; name: string } | undefined {
  const [, label, name] = OF_DATABASE.exec(check) ?? [];
  return label === undefined || name === undefined ? undefined : { label, name };
}

/**
 * What a failure is about, whoever found it: the same words but for the name of the database, and whether Ferry tried
 * itself or knew it from before.
 */
export function causeOf(result: CheckResult): string {
  const { label } = placeOf(result) ?? {};
  const detail = result.detail.replace(/ before\. Ferry did not try it again.*$/s, '.');
  return label === undefined ? detail : detail.replaceAll(`"${label.slice(label.indexOf('/') + 1)}"`, '"…"');
}

/**
 * The checks for people: databases in which all is well have one line together if they are many, and what failed in
 * databases comes last, each cause once.
 */
export function groupChecks(checks: readonly CheckResult[]): {
  rows: CheckResult[];
  /** `check` names all of them. */
  failed: CheckResult[];
} {
  const failed = checks.filter((result) => result.status === 'failed' && placeOf(result));
  const unwell = new Set(
    checks.filter(({ status }) => status !== 'ok').map((result) => placeOf(result)?.label),
  );
  const well = Map.groupBy(
    checks.filter((result) => {
      const place = placeOf(result);
      return place !== undefined && ATLANS.includes(place.name) && !unwell.has(place.label);
    }),
    (result) => placeOf(result)?.label,
  );
  const joined = well.size > MANY ? [...well.values()].flat() : [];
  const [first] = joined;
  const rows = checks.flatMap((result) => {
    if (result === first) return [joinWell(joined, well.size)];
    return joined.includes(result) || failed.includes(result) ? [] : [result];
  });
  return { rows, failed: [...Map.groupBy(failed, causeOf).values()].flatMap(joinFailed) };
}

function joinWell(results: readonly CheckResult[], count: number): CheckResult {
  const tables = results.reduce((sum, { detail }) => sum + Number(TABLES.exec(detail)?.[1] ?? 0), 0);
  return {
    check: formatCount(count, 'database'),
    status: 'ok',
    detail: `${ATLANS.join(', ')}; ${formatCount(tables, 'table')}`,
  };
}

function joinFailed(results: readonly CheckResult[]): CheckResult[] {
  const [first] = results;
  if (first === undefined) return [];
  const labels = results.flatMap((result) => placeOf(result)?.label ?? []);
  return [{ ...first, check: `${nameSome(labels)}: ${placeOf(first)?.name}` }];
}
