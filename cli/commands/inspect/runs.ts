import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { asSentence, unknownNameMessage } from '../../../shared/config/unknown-name.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { calledAs } from '../../called-as.ts';
import type { CliContext } from '../../cli-context.ts';
import { openRuns, type Runs } from '../../local/open-runs.ts';
import { type GlobalOptions, globalOptions } from '../../options.ts';
import { formatCauses } from '../../output/failures.ts';
import { describeRun } from '../../output/run-details.ts';
import { fitTable, formatRuns } from '../../output/runs-table.ts';

function parseLimit(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1000)
    throw new InvalidArgumentError('Expected a number from 1 to 1000.');
  return value;
}

/** `ferry runs`: the newest runs, or all about one of them, of this machine or of a stack. */
export function runsCommand(context: CliContext): Command {
  return new Command('runs')
    .description(
      'list the newest runs, or show all about one of them: why it failed, its phases and warnings',
    )
    .argument('[job-or-run]', 'only runs of this job; or a run, by its id or the beginning of it')
    .option('--limit <n>', 'how many', parseLimit, 20)
    .action(async (named: string | undefined, { limit }: { limit: number }, command: Command) => {
      const options = globalOptions(command);
      const listed = await openRuns(options, context);
      if (named !== undefined && (await showRun(named, listed, options, context))) return;
      await listRuns(named, limit, listed, options, context);
    });
}

/**
 * Shows the run of this name, if it is not that of a job.
 *
 * @throws ConfigError when it is neither's
 */
async function showRun(
  named: string,
  listed: Runs,
  options: GlobalOptions,
  { stdout, asTyped }: CliContext,
): Promise<boolean> {
  const jobs = await listed.jobs();
  if (jobs.includes(named)) return false;
  const run = await listed.find(named);
  if (run === undefined) {
    throw new ConfigError(
      asSentence(unknownNameMessage('job or run', named, jobs)),
      listed.isLocal
        ? { hint: `Ferry looked in ${listed.place}. --config or --state names another place.` }
        : {},
    );
  }
  stdout.write(options.json ? `${JSON.stringify(run, null, 2)}\n` : describeRun(run, asTyped));
  return true;
}

async function listRuns(
  job: string | undefined,
  limit: number,
  listed: Runs,
  options: GlobalOptions,
  context: CliContext,
): Promise<void> {
  const { stdout, stderr, folder } = context;
  const { runs, unreadable } = await listed.list({ job, limit });
  for (const { message } of unreadable) stderr.write(`warning: ${message}\n`);
  if (runs.length === 0 && unreadable.length === 0 && listed.isLocal && options.state === undefined) {
    const config = resolve(folder, options.config);
    await access(config).catch((cause: unknown) => {
      throw new ConfigError(`There are no runs in ${listed.place}, and ${config} does not exist.`, {
        cause,
        hint: 'Name the configuration with --config, or the place of the runs with --state.',
      });
    });
  }
  if (options.json) {
    stdout.write(`${JSON.stringify(runs, null, 2)}\n`);
    return;
  }
  if (runs.length === 0 && unreadable.length > 0) return;
  if (runs.length === 0) {
    const isThere =
      !listed.isLocal ||
      (await access(listed.place).then(
        () => true,
        () => false,
      ));
    const missing = isThere ? '' : ', which does not exist';
    stderr.write(`No runs${job === undefined ? '' : ` of ${job}`} yet in ${listed.place}${missing}.\n`);
    return;
  }
  const table = formatRuns(runs, await listed.sentAs(runs));
  const showOne = `${calledAs(context.environment)} runs RUN`;
  stdout.write(`${fitTable(table, stdout)}\n${formatCauses(runs, stdout, showOne)}`);
}
