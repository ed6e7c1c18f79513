import { Command, Option } from 'commander';
import project from '../../package.json' with { type: 'json' };
import { ConfigError } from '../../shared/errors.ts';
import { logFormats, logLevels } from '../../shared/telemetry/log-settings.ts';
import { asTyped } from '../called-as.ts';
import type { CliContext } from '../cli-context.ts';
import { safeOutput } from '../output/output.ts';
import { commands, commandsOfStacks, stayingCommands } from './commands.ts';
import { EXAMPLES } from './examples.ts';

/** Options that a variable sets for all commands; one that is typed wins. */
const optionVariables = { config: 'FERRY_CONFIG', state: 'FERRY_STATE', secrets: 'FERRY_SECRETS' } as const;

/**
 * The `ferry` command with its subcommands.
 *
 * @param args what was typed; if it calls a subcommand, only that one is loaded
 */
export async function createProgram(context: CliContext, args: readonly string[] = []): Promise<Command> {
  const stdout = safeOutput(context.stdout);
  const stderr = safeOutput(context.stderr);
  const program = new Command('ferry')
    .description(
      'Copies the results of database queries to Polyteia datasets, and database catalogs to Atlan.',
    )
    .version(project.version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .option('--stack <name>', 'work on this deployed stack instead of this machine')
    .option('--config <file>', 'ferry.yaml, or a .env file of the Go connector', 'ferry.yaml')
    .option(
      '--state <place>',
      'where runs are recorded: a folder, or s3://BUCKET (default: .ferry beside the configuration)',
    )
    .option('--secrets <file>', 'JSON file: secret name → the value that Secrets Manager would return')
    .option('--json', 'print one JSON document on stdout and nothing else')
    .addOption(
      new Option('--log-level <level>', 'detail of the log on stderr (or LOG_LEVEL)').choices([...logLevels]),
    )
    .addOption(new Option('--log-format <format>', 'its form (or LOG_FORMAT)').choices([...logFormats]))
    .configureHelp({ showGlobalOptions: true })
    .commandsGroup('Help:')
    .helpCommand(true)
    .showHelpAfterError('(ferry --help lists the commands)');
  for (const [option, variable] of Object.entries(optionVariables)) {
    // A line break at its end, as of a block of YAML, would make a state of its own.
    const set = context.environment[variable]?.trim();
    if (set) program.setOptionValueWithSource(option, set, 'env');
  }
  // A name in the environment stands for all commands; one that is typed must mean something.
  program.hook('preAction', (_program, called) => {
    if (program.getOptionValue('stack') !== undefined && !commandsOfStacks.has(called.name()))
      throw new ConfigError(`ferry ${called.name()} only works on this machine, not on a stack.`);
  });
  const only = calledCommand(program, args);
  // It names all the others.
  const called = only === 'completion' ? undefined : only;
  for (const [name, { group, load }] of commands) {
    if ((called !== undefined && name !== called) || args.includes('--version')) continue;
    if (!stayingCommands.has(name)) (await import('./check-without-compiling.ts')).checkWithoutCompiling();
    const create = await load();
    const command = create({
      ...context,
      stdout,
      stderr,
      asTyped: asTyped(program, context.environment),
    }).copyInheritedSettings(program);
    program.addCommand(command.helpGroup(group).addHelpText('after', formatExamples(name)));
  }
  return program;
}

function formatExamples(name: string): string {
  const examples = EXAMPLES[name] ?? [];
  return `\n${examples.length === 1 ? 'Example' : 'Examples'}:\n${examples.map((line) => `  ${line}`).join('\n')}`;
}

/** The command that is called; undefined when all are needed: for help, or to suggest a similar name. */
function calledCommand(program: Command, args: readonly string[]): string | undefined {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (!arg.startsWith('-')) return commands.has(arg) ? arg : undefined;
    const option = program.options.find((each) => each.long === arg.split('=')[0]);
    if (!option) return undefined;
    // The next argument is its value.
    if (option.required && !arg.includes('=')) at += 1;
  }
  return undefined;
}
