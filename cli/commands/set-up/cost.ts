import { Command, InvalidArgumentError, Option } from 'commander';
import { formatCount } from '../../../shared/text/format.ts';
import type { CliContext } from '../../cli-context.ts';
import { type CostEstimate, estimateCost, type JobEstimate } from '../../cost/estimate-cost.ts';
import { openRuns } from '../../local/open-runs.ts';
import { globalOptions, readConfig } from '../../options.ts';
import { formatTable, printWarnings } from '../../output/output.ts';
import { fitTable } from '../../output/runs-table.ts';
import { wrapText } from '../../output/wrap-text.ts';

const RECORDED_RUNS = 1_000;
const WIDTH = 80;
const MOST_JOBS = 20;

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 900)
    throw new InvalidArgumentError('Expected seconds from 1 to 900.');
  return seconds;
}

/** `ferry cost`: what the jobs of a configuration cost on AWS in a month, by their schedules and recorded runs. */
export function costCommand(context: CliContext): Command {
  const { stdout, stderr } = context;
  return new Command('cost')
    .description('estimate what the jobs cost on AWS in a month, from their schedules and recorded runs')
    .option('--seconds <n>', 'how long a run takes that has no record', parseSeconds, 60)
    .addOption(
      new Option('--architecture <name>', 'processor of the functions')
        .choices(['arm64', 'x86_64'])
        .default('arm64'),
    )
    .action(async (_options, command: Command) => {
      const options = globalOptions(command);
      const { seconds, architecture } = command.opts<{
        seconds: number;
        architecture: 'arm64' | 'x86_64';
      }>();
      const { config, warnings } = await readConfig(options, context);
      printWarnings(stderr, warnings);
      const estimate = estimateCost({
        config,
        recorded: await readDurations(options, context),
        assumedSeconds: seconds,
        architecture,
        now: new Date(),
      });
      stdout.write(options.json ? `${JSON.stringify(estimate, null, 2)}\n` : format(estimate));
    });
}

/** The average duration of each job's newest runs that did all of their work, in seconds. */
async function readDurations(...where: Parameters<typeof openRuns>): Promise<Map<string, number>> {
  const { runs } = await (await openRuns(...where)).list({ limit: RECORDED_RUNS });
  const seconds = new Map<string, number[]>();
  for (const { job, state, durationMs } of runs) {
    if ((state !== 'succeeded' && state !== 'partial') || durationMs === undefined) continue;
    seconds.set(job, [...(seconds.get(job) ?? []), durationMs / 1_000]);
  }
  const average = (each: readonly number[]) => each.reduce((total, one) => total + one, 0) / each.length;
  return new Map([...seconds].map(([job, each]) => [job, average(each)]));
}

function format({ total, items, jobs, assumptions }: CostEstimate): string {
  const rows = items.map(({ item, amount, basis }) => [item, amount.toFixed(2), basis]);
  const table = formatTable(
    ['ON AWS', 'USD A MONTH', 'RECKONED FROM'],
    [...rows, ['Together', total.toFixed(2), '']],
    [1],
  );
  const notes = assumptions.map((text) => wrapText(`- ${text}`, WIDTH, '  '));
  return `${table}\n\n${jobs.length === 0 ? '' : `${formatJobs(jobs)}\n\n`}${notes.join('\n')}\n`;
}

/** What the runs of each job cost, the dearest first. */
function formatJobs(jobs: CostEstimate['jobs']): string {
  const ordered = jobs.toSorted((a, b) => b.amount - a.amount);
  const shown = ordered.slice(0, MOST_JOBS);
  const others = ordered.slice(MOST_JOBS);
  const cells = (of: (job: JobEstimate) => string) => shown.map(of);
  const table = fitTable(
    [
      { header: 'JOB', cells: cells(({ job }) => job) },
      { header: 'RUNS A MONTH', right: true, cells: cells(({ runs }) => formatCount(Math.round(runs))) },
      { header: 'SECONDS', right: true, cells: cells(({ seconds }) => formatCount(Math.round(seconds))) },
      { header: '', cells: cells(({ from }) => from) },
      { header: 'USD A MONTH', right: true, cells: cells(({ amount }) => amount.toFixed(2)) },
    ],
    { isTTY: true, columns: WIDTH },
  );
  if (others.length === 0) return table;
  const rest = others.reduce((total, { amount }) => total + amount, 0);
  return `${table}\nand ${formatCount(others.length, 'cheaper job')}, together ${rest.toFixed(2)} (--json has each)`;
}
