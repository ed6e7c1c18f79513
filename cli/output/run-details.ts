import type { Run } from '../../shared/api/schemas.ts';
import type { RunRecord } from '../../shared/runs/records/run-record.ts';
import { formatBytes, formatCount, formatDuration, formatMoment } from '../../shared/text/format.ts';
import { printable, printableMessage } from '../../shared/text/printable.ts';
import { type AsTyped, formatTable } from './output.ts';
import { stateWord } from './run-state.ts';

/** All that a person asks of one run: what became of it, why, how long each phase took, its warnings. */
export function describeRun(run: RunRecord | Run, asTyped: AsTyped = (hint) => hint): string {
  const { error, phases, warnings } = run;
  const outcome = run.outcome === undefined ? '' : ` (${run.outcome})`;
  const parts = [
    `${printable(run.job)} ${stateWord(run)}${outcome}: run ${run.id}`,
    factsOf(run)
      .map(([name, value]) => `${name.padEnd(10)}${printable(value)}`)
      .join('\n'),
    ...(error === undefined ? [] : [describeFailure(error, asTyped)]),
    ...(run.databases ?? []).flatMap(({ source, database = '', error: why }) =>
      why === undefined
        ? []
        : [`${printable(`${source} ${database}`.trim())}: ${describeFailure(why, asTyped)}`],
    ),
    ...(phases.length === 0 ? [] : [formatPhases(phases)]),
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
    ['attempts', run.attempts && run.attempts.length > 1 ? String(run.attempts.length) : undefined],
    ['source', run.source ?? run.sources?.join(', ')],
    ['dataset', run.dataset],
    ['result', [counted, size].filter((part) => part !== undefined).join(', ') || undefined],
    ['manifest', run.manifest],
    ['held by', run.heldBy],
    ['unchanged', run.unchangedSince && `since run ${run.unchangedSince}`],
    ['file of', sentFrom && `run ${sentFrom.runId}${sentFrom.why === undefined ? '' : `: ${sentFrom.why}`}`],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

const countRows = ({ kind }: RunRecord | Run, rows: number) =>
  kind === 'extraction' ? formatCount(rows, 'entity', 'entities') : formatCount(rows, 'row');

function describeFailure(error: NonNullable<RunRecord['error']>, asTyped: AsTyped): string {
  const phase = error.phase === undefined ? '' : ` in the phase "${printable(error.phase)}"`;
  const hint = error.hint === undefined ? '' : `\n  → ${printableMessage(asTyped(error.hint))}`;
  return `${printable(error.class)}${phase}: ${printableMessage(error.message)}${hint}`;
}

const formatPhases = (phases: RunRecord['phases']) =>
  formatTable(
    ['PHASE', 'TIME'],
    phases.map(({ name, durationMs }) => [name, formatDuration(durationMs)]),
    [1],
  );
