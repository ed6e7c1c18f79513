import { Command, Option } from 'commander';
import { ConfigError } from '../shared/errors.ts';
import { logLevels } from '../shared/telemetry/logger.ts';
import { acceptCommand } from './commands/accept.ts';
import { cancelCommand } from './commands/cancel.ts';
import { checkCommand } from './commands/check.ts';
import { compareCommand } from './commands/compare.ts';
import { initCommand } from './commands/init.ts';
import { jobsCommand } from './commands/jobs.ts';
import { logsCommand } from './commands/logs.ts';
import { previewCommand } from './commands/preview.ts';
import { resendCommand } from './commands/resend.ts';
import { runCommand } from './commands/run.ts';
import { runsCommand } from './commands/runs.ts';
import { scheduleCommand } from './commands/schedule.ts';
import { treeCommand } from './commands/tree.ts';
import { validateCommand } from './commands/validate.ts';
import type { Output } from './output.ts';

/** Everything a command may know of the process, given by main.ts or a test. */
export interface Surroundings {
  /** Folder that relative paths start from. */
  folder: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Login name, recorded as who triggered a run. */
  user: string;
  stdout: Output;
  stderr: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  setExitCode(code: number): void;
}

/** The commands that take --stack. */
const ofStacks = new Set(['jobs', 'runs', 'run', 'cancel', 'accept', 'resend', 'logs', 'check']);

/** The `ferry` command with all its subcommands. */
export function createProgram(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings;
  const program = new Command('ferry')
    .description(
      'Carries the results of database queries to Polyteia datasets, and database catalogs to Atlan.',
    )
    .version('0.1.0')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .option('--stack <name>', 'the deployed stack that the command is about, in the place of this machine')
    .option('--config <file>', 'ferry.yaml, or a .env file of the Go connector', 'ferry.yaml')
    .option('--state <folder>', 'where runs are recorded', '.ferry')
    .option('--secrets <file>', 'JSON file: secret name → the value that Secrets Manager would return')
    .option('--json', 'print one JSON document on stdout and nothing else there')
    .addOption(new Option('--log-level <level>', 'detail of the log on stderr').choices([...logLevels]))
    .showHelpAfterError('(ferry --help lists the commands)');
  // A name in the environment stands for all commands; one that is typed must mean something.
  program.hook('preAction', (_program, called) => {
    if (program.getOptionValue('stack') !== undefined && !ofStacks.has(called.name()))
      throw new ConfigError(`ferry ${called.name()} works on this machine only, not on a stack.`);
  });
  for (const command of [
    validateCommand,
    checkCommand,
    previewCommand,
    treeCommand,
    runCommand,
    jobsCommand,
    runsCommand,
    logsCommand,
    scheduleCommand,
    cancelCommand,
    acceptCommand,
    resendCommand,
    compareCommand,
    initCommand,
  ]) {
    program.addCommand(command(surroundings).copyInheritedSettings(program));
  }
  return program;
}
