import type { Run } from '../../shared/api/schemas.ts';
import { labelOfOutcome } from '../../shared/extraction/databases/describe-failures.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import { formatBytes, formatCount, formatDuration, formatMoment } from '../../shared/text/format.ts';
import { nameSome } from '../../shared/text/name-some.ts';
import { printable, printableMessage } from '../../shared/text/printable.ts';
import { formatFailure } from './failures.ts';
import { type AsTyped, formatTable } from './output.ts';
import { stateWord } from './run-state.ts';

/** So many databases have a line each. */
const MANY = 5;
const SLOWEST = 3;

/** All that a person asks of one run: what became of it, why, how long each phase took, its warnings. */
export function describeRun(run: RunRecord | Run, asTyped: AsTyped = (hint) => hint): string {
  const { error, phases, warnings } = run;
  const outcome = run.outcome === undefined ? '' : ` (${run.outcome})`;
  const parts = [
    `${printable(run.job)} ${stateWord(run)}${outcome}: run ${run.id}`,
    factsOf(run)
      .map(([name, value]) => `${name.padEnd(10)}${printable(value)}`)
      .join('\n'),
    ...(error === undefined ? [] : [describeFailure(run, error, asTyped)]),
    ...(phases.length === 0 ? [] : [formatPhases(run)]),
    ...(warnings.length === 0
      ? []
      : [warnings.map((warning) => `warning: ${printableMessage(warning)}`).join('\n')]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function factsOf(run: RunRecord | Run): [name: string, value: string][] {
  const { startedAt, endedAt, durationMs, rows, bytes, sentFrom } = run;
  const moment = (iso: string | undefined) => (iso === undefined ? undefined : `${formatMoment(iso)} UTC`);
  const counted = rows === undefined ? undefined : countRows(run, rows);
  const size = bytes === undefined ? undefined : formatBytes(bytes);
  const facts: [name: string, value: string | undefined][] = [
    ['by', run.triggeredBy === undefined ? run.trigger : `${run.triggeredBy} (${run.trigger})`],
    ['planned', moment(run.scheduledTime)],
    ['started', moment(startedAt)],
    ['ended', moment(endedAt)],
    ['took', durationMs === undefined ? undefined : formatDuration(durationMs)],
    ['now', 'progress' in run ? nowOf(run) : undefined],
    ['attempts', run.attempts && run.attempts.length > 1 ? String(run.attempts.length) : undefined],
    [
      run.sources && run.sources.length > 1 ? 'sources' : 'source',
      run.source ?? (run.sources && nameSome(run.sources)),
    ],
    ['databases', countDatabases(run)],
    ['dataset', run.dataset],
    ['result', [counted, size].filter((part) => part !== undefined).join(', ') || undefined],
    ['manifest', run.manifest],
    ['held by', run.heldBy],
    ['unchanged', run.unchangedSince && `since run ${run.unchangedSince}`],
    ['file of', sentFrom && `run ${sentFrom.runId}${sentFrom.why === undefined ? '' : `: ${sentFrom.why}`}`],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

/** What a run under way is doing, as its last heartbeat said. */
function nowOf({ progress }: Run): string | undefined {
  if (!progress) return undefined;
  return `${progress.phase ?? 'between two phases'}, as of ${formatDuration(progress.heartbeatAgeMs)} ago`;
}

/** How many of an extraction's databases were read. */
function countDatabases({ databases = [] }: RunRecord | Run): string | undefined {
  if (databases.length < 2) return undefined;
  const read = databases.filter(({ state }) => state === 'extracted').length;
  return `${formatCount(read)} of ${formatCount(databases.length)} read`;
}

const countRows = ({ kind }: RunRecord | Run, rows: number) =>
  kind === 'extraction' ? formatCount(rows, 'entity', 'entities') : formatCount(rows, 'row');

function describeFailure(
  run: RunRecord | Run,
  error: NonNullable<RunRecord['error']>,
  asTyped: AsTyped,
): string {
  const phase = error.phase === undefined ? '' : ` in the phase "${printable(error.phase)}"`;
  return formatFailure(run, { ...error, class: `${error.class}${phase}` }, asTyped).trimEnd();
}

/** How long each phase took. Many databases have one line together, and the slowest of them one. */
function formatPhases({ phases, databases = [] }: RunRecord | Run): string {
  const names = new Set(databases.map(labelOfOutcome));
  const isOfDatabase = (name: string) => names.has(name) || name === 'publish';
  const many = phases.filter(({ name }) => names.has(name)).length > MANY;
  const ofDatabases = many ? phases.filter(({ name }) => isOfDatabase(name)) : [];
  const first = phases.findIndex(({ name }) => isOfDatabase(name));
  const rows = phases.flatMap(({ name, durationMs }, index) => {
    if (!many || !isOfDatabase(name)) return [[name, formatDuration(durationMs)]];
    if (index !== first) return [];
    const count = formatCount(new Set(ofDatabases.map((one) => one.name)).size - 1, 'database');
    return [[count, formatDuration(ofDatabases.reduce((sum, one) => sum + one.durationMs, 0))]];
  });
  const slowest = ofDatabases
    .filter(({ name }) => names.has(name))
    .sort((a, b) => b.durationMs - a.durationMs);
  const told = slowest
    .slice(0, SLOWEST)
    .map(({ name, durationMs }) => `${printable(name)} ${formatDuration(durationMs)}`);
  const table = formatTable(['PHASE', 'TIME'], rows, [1]);
  return told.length === 0 ? table : `${table}\nslowest: ${told.join(', ')}`;
}
