import { Command } from 'commander';
import type { Job } from '../../../shared/api/schemas.ts';
import { formatCount, formatMoment } from '../../../shared/text/format.ts';
import type { CliContext } from '../../cli-context.ts';
import { globalOptions } from '../../options.ts';
import { formatTable } from '../../output/output.ts';
import { requireStack } from '../../stack/connect-stack.ts';

/** `ferry --stack NAME jobs`: the jobs of a stack, and how their newest runs ended. */
export function jobsCommand(context: CliContext): Command {
  const { stdout } = context;
  return new Command('jobs')
    .description('list the jobs of a stack (--stack), with their newest and next runs')
    .action(async (_options, command: Command) => {
      const options = globalOptions(command);
      const { api } = await requireStack(options, context);
      const jobs = await api.listJobs();
      if (options.json) stdout.write(`${JSON.stringify(jobs, null, 2)}\n`);
      else stdout.write(`${formatJobs(jobs)}\n`);
    });
}

function formatJobs(jobs: readonly Job[]): string {
  const rows = jobs.map(({ name, kind, running, lastRun, lastGoodRun, nextRun, schedule, ...job }) => [
    name,
    kind,
    readBy(job),
    stateOf(running ?? lastRun),
    formatMoment((running ?? lastRun)?.startedAt),
    formatMoment(lastGoodRun?.startedAt),
    lastGoodRun?.rows === undefined ? '' : formatCount(lastGoodRun.rows),
    schedule?.enabled === false ? 'switched off' : formatMoment(nextRun) || (schedule?.expression ?? ''),
    lastRun?.error ?? '',
  ]);
  const header = [
    'JOB',
    'KIND',
    'SOURCE',
    'STATE',
    'STARTED (UTC)',
    'LAST GOOD (UTC)',
    'ROWS',
    'NEXT (UTC)',
    'ERROR',
  ];
  return formatTable(header, rows, [6]);
}

function readBy({ source, sources = [] }: Pick<Job, 'source' | 'sources'>): string {
  if (source !== undefined) return source;
  return sources.length > 2 ? `${sources[0]} and ${sources.length - 1} more` : sources.join(', ');
}

function stateOf(run: Job['lastRun']): string {
  if (!run) return 'never run';
  return run.stale ? `${run.state} (stale)` : run.state;
}
