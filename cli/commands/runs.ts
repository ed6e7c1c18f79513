import { Command, InvalidArgumentError } from 'commander';
import { formatBytes, formatCount, formatDuration, formatMoment } from '../../shared/text/format.ts';
import type { CliContext } from '../cli-context.ts';
import { openRuns } from '../open-runs.ts';
import { globalOptions } from '../options.ts';
import { formatTable } from '../output/output.ts';

function parseLimit(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1000)
    throw new InvalidArgumentError('Expected a number from 1 to 1000.');
  return value;
}

/** `ferry runs`: the newest runs, of this machine or of a stack. */
export function runsCommand(context: CliContext): Command {
  return new Command('runs')
    .description('list the newest runs')
    .argument('[job]', 'show only runs of this job')
    .option('--limit <n>', 'how many', parseLimit, 20)
    .action(async (job: string | undefined, { limit }: { limit: number }, command: Command) => {
      const options = globalOptions(command);
      const { runs, unreadable } = await (await openRuns(options, context)).list({ job, limit });
      for (const { message } of unreadable) context.stderr.write(`warning: ${message}\n`);
      if (options.json) {
        context.stdout.write(`${JSON.stringify(runs, null, 2)}\n`);
        return;
      }
      if (runs.length === 0 && unreadable.length > 0) return;
      if (runs.length === 0) {
        context.stderr.write(`No runs${job === undefined ? '' : ` of ${job}`} yet.\n`);
        return;
      }
      const rows = runs.map((run) => [
        formatMoment(run.startedAt),
        run.job,
        'stale' in run && run.stale ? `${run.state} (stale)` : run.state,
        run.durationMs === undefined ? '' : formatDuration(run.durationMs),
        run.rows === undefined ? '' : formatCount(run.rows),
        run.bytes === undefined ? '' : formatBytes(run.bytes),
        run.triggeredBy ?? run.trigger,
        run.id,
        run.error?.class ?? '',
      ]);
      const header = ['STARTED (UTC)', 'JOB', 'STATE', 'TIME', 'ROWS', 'SIZE', 'BY', 'RUN', 'ERROR'];
      context.stdout.write(`${formatTable(header, rows, [3, 4, 5])}\n`);
    });
}
