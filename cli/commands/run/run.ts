import { Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import type { CliContext } from '../../cli-context.ts';
import { globalOptions } from '../../options.ts';
import { asksForSeveral } from '../../running/choose-jobs.ts';
import { executeJob, outFileOf, triesOf } from '../../running/execute-job.ts';
import { runAndReport } from '../../running/run-and-report.ts';
import { connectStack } from '../../stack/connect-stack.ts';
import { TIME_FORM, timeLimitMs } from '../../time-limit.ts';

function parseTries(text: string): number {
  const tries = Number(text);
  if (!Number.isInteger(tries) || tries < 1 || tries > 100)
    throw new InvalidArgumentError('Expected a number of tries from 1 to 100.');
  return tries;
}

function parseTimeout(text: string): number {
  const ms = timeLimitMs(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError(`Expected ${TIME_FORM}.`);
  return ms;
}

function parseParallel(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 32)
    throw new InvalidArgumentError('a number from 1 to 32');
  return count;
}

/** `ferry run [jobs…]`: runs syncs and extractions here and now. */
export function runCommand(context: CliContext): Command {
  return new Command('run')
    .description('run syncs and extractions here and now, or one of them on a stack')
    .argument('[jobs...]', 'names, or patterns such as "hr-*"; a .env file has one job, called default')
    .option('--all', 'run all jobs of the configuration')
    .option('--parallel <n>', 'with several jobs: how many to run at once', parseParallel, 1)
    .option(
      '--tries <n>',
      'tries, a minute apart, while a failure is transient, such as an outage',
      parseTries,
      1,
    )
    .option('--timeout <time>', 'time after which a run gives up, such as 30m (default: 6h)', parseTimeout)
    .option('--no-wait', 'with --stack: start the run without following it')
    .option('--dry-run', 'read and check against the last accepted result, but send and record nothing')
    .option(
      '--out <path>',
      'file or folder that a sync with --dry-run writes to; folder that an extraction writes to',
    )
    .action(async (jobs: string[], _options, command: Command) => {
      const { wait, dryRun, out, ...how } = command.opts<RunCommandOptions>();
      const several = asksForSeveral(jobs, how.all === true);
      const globals = globalOptions(command);
      const connected = await connectStack(globals, context);
      if (connected) {
        refuseLocalOptions(command);
        const [job] = jobs;
        if (several || job === undefined)
          throw new ConfigError('On a stack, ferry run takes the name of one job.');
        const { startAndFollow } = await import('../../stack/start-and-follow.ts');
        await startAndFollow(connected, context, command, (api, key) => api.startRun(job, key), { wait });
        return;
      }
      if (!wait)
        throw new ConfigError('--no-wait only applies to a run on a stack: name the stack with --stack.');
      const own = { dryRun, out, rehearsals: createRunStore(createMemoryDocumentStore()) };
      const [job] = jobs;
      if (several || job === undefined) {
        const { runMany } = await import('../../running/run-many.ts');
        const { all = false, parallel, tries: maxTries, timeout: timeoutMs } = how;
        await runMany({ names: jobs, all, parallel, maxTries, timeoutMs, ...own }, context, command);
        return;
      }
      const one = { ...own, several: false };
      await runAndReport(
        context,
        command,
        (options) => executeJob(job, { ...options, ...triesOf(how.tries) }, one, { globals, context }),
        {
          timeoutMs: how.timeout,
          rehearsal: dryRun && { file: await outFileOf(job, one, context) },
        },
      );
    });
}

interface RunCommandOptions {
  all?: true;
  parallel: number;
  tries: number;
  timeout?: number;
  wait: boolean;
  dryRun?: true;
  out?: string;
}

function refuseLocalOptions(command: Command): void {
  for (const [name, option] of [
    ['all', '--all'],
    ['parallel', '--parallel'],
    ['tries', '--tries'],
    ['timeout', '--timeout'],
    ['dryRun', '--dry-run'],
    ['out', '--out'],
  ] as const) {
    if (command.getOptionValueSource(name) === 'cli')
      throw new ConfigError(`${option} only applies to runs on this machine, not on a stack.`);
  }
}
