import { Argument, Command, InvalidArgumentError } from 'commander';
import type { Run } from '../../../shared/api/schemas.ts';
import { isFinished, type RunRecord } from '../../../shared/runs/records/run-record.ts';
import type { CliContext } from '../../cli-context.ts';
import { type GlobalOptions, globalOptions, readConfig } from '../../options.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** What the arguments of a command are, of those that only the configuration or the state knows. */
const ARGUMENTS: Readonly<Record<string, Names>> = {
  run: 'jobs',
  preview: 'jobs',
  schedule: 'jobs',
  'run-once': 'jobs',
  runs: 'listed',
  check: 'checked',
  tree: 'sources',
  cancel: 'running',
  accept: 'refused',
  resend: 'archived',
};

const NAMES = ['jobs', 'sources', 'checked', 'listed', 'running', 'refused', 'archived'] as const;
type Names = (typeof NAMES)[number];
const isNames = (word: string): word is Names => (NAMES as readonly string[]).includes(word);

/** `ferry completion bash|zsh|fish`: a script that completes commands, options and names of jobs. */
export function completionCommand(context: CliContext): Command {
  const { stdout } = context;
  return new Command('completion')
    .description('print a script with which a shell completes commands, options and names of jobs')
    .addArgument(new Argument('<shell>', 'the shell').choices([...SHELLS]).argParser(parseShell))
    .action(async (shell: (typeof SHELLS)[number] | Names, _options, command: Command) => {
      if (isNames(shell)) {
        // Asked for while somebody types: what is not there, or wrong, completes nothing.
        const names = await listNames(shell, globalOptions(command), context).catch(() => []);
        for (const name of names) stdout.write(`${name}\n`);
        return;
      }
      stdout.write(SCRIPTS[shell](wordsOf(command.parent ?? command)));
    });
}

/** The scripts ask for names by the same command, which is nothing for people to type. */
function parseShell(text: string): (typeof SHELLS)[number] | Names {
  const shell = SHELLS.find((one) => one === text);
  if (shell !== undefined || isNames(text)) return shell ?? (text as Names);
  throw new InvalidArgumentError(`Allowed choices are ${SHELLS.join(', ')}.`);
}

async function listNames(kind: Names, options: GlobalOptions, context: CliContext): Promise<string[]> {
  if (kind === 'running' || kind === 'refused' || kind === 'archived')
    return listRunIds(OF_COMMAND[kind], options, context);
  if (kind === 'listed') {
    const jobs = await listNames('jobs', options, context).catch(() => []);
    return [...jobs, ...(await listRunIds(() => true, options, context))];
  }
  const { config } = await readConfig(options, context);
  const [jobs, sources] = [{ ...config.syncs, ...config.extractions }, config.sources].map(Object.keys);
  return [...(kind === 'sources' ? [] : (jobs ?? [])), ...(kind === 'jobs' ? [] : (sources ?? []))];
}

/** The runs that a command can do something with. */
const OF_COMMAND: Readonly<Record<'running' | 'refused' | 'archived', (run: RunRecord | Run) => boolean>> = {
  running: (run) => !isFinished(run),
  refused: ({ error }) => error?.class === 'GuardError',
  archived: (run) => run.archived === true,
};

async function listRunIds(
  isMeant: (run: RunRecord | Run) => boolean,
  options: GlobalOptions,
  context: CliContext,
): Promise<string[]> {
  const { openRuns } = await import('../../local/open-runs.ts');
  const { runs } = await (await openRuns(options, context)).list({ limit: 100 });
  return runs
    .filter(isMeant)
    .slice(0, 20)
    .map(({ id }) => id);
}

interface Words {
  commands: string[];
  /** What may follow each command, and those of all. */
  options: Record<string, string[]>;
  global: string[];
  /** The values of options that have a choice, by their names. */
  values: Record<string, readonly string[]>;
}

function wordsOf(program: Command): Words {
  const optionsOf = ({ options }: Command) => options.flatMap(({ long }) => (long ? [long] : []));
  const commands = program.commands.filter((command) => command.name() !== 'help');
  return {
    commands: commands.map((command) => command.name()),
    options: Object.fromEntries(commands.map((command) => [command.name(), optionsOf(command)])),
    global: [...optionsOf(program), '--help'],
    values: Object.fromEntries(
      program.options.flatMap(({ long, argChoices }) => (long && argChoices ? [[long, argChoices]] : [])),
    ),
  };
}

/** What asks for names, for the same configuration and state as what is being typed. */
const ask = (command: string, given: string) =>
  `ferry ${given} completion ${ARGUMENTS[command] ?? 'jobs'} 2>/dev/null`;

const bash = ({
  commands,
  options,
  global,
  values,
}: Words) => `# Completion of ferry for bash: source <(ferry completion bash)
_ferry() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} called= each skip= words
  local -a given=()
  for each in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $skip ]]; then given+=("$skip" "$each"); skip=; continue; fi
    case "$each" in
      --config|--state|--stack) skip=$each; continue ;;
      --secrets|--log-level|--log-format) skip=--log-level; continue ;;
    esac
    if [[ -z $called ]]; then
      case " ${commands.join(' ')} " in *" $each "*) called=$each ;; esac
    fi
  done
  case "$before" in
    --config|--state|--secrets) return ;;
${Object.entries(values)
  .map(
    ([option, choices]) =>
      `    ${option}) COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$word")); return ;;`,
  )
  .join('\n')}
  esac
  case "$called" in
    '') words="${commands.join(' ')}" ;;
    completion) words="${SHELLS.join(' ')}" ;;
${commands
  .filter((name) => name !== 'completion')
  .map(
    (name) =>
      `    ${name}) words="$([[ $word == -* ]] && echo '${options[name]?.join(' ') ?? ''}'${ARGUMENTS[name] === undefined ? '' : ` || ${ask(name, `"\${given[@]}"`)}`})" ;;`,
  )
  .join('\n')}
  esac
  # Options are many: only for who begins one.
  if [[ $word == -* ]]; then words="$words ${global.join(' ')}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _ferry ferry
`;

const zsh = (words: Words) => `#compdef ferry
# Completion of ferry for zsh: source <(ferry completion zsh)
autoload -U +X bashcompinit && bashcompinit
${bash(words)}`;

const fish = ({
  commands,
  options,
  global,
  values,
}: Words) => `# Completion of ferry for fish: ferry completion fish > ~/.config/fish/completions/ferry.fish
function __ferry_given
  string match -r -- '--(?:config|state|stack)[ =]\\S+' (commandline -cp) | string split -n ' '
end
complete -c ferry -n __fish_use_subcommand -f -a '${commands.join(' ')}'
${global
  .map((option) => {
    const choices = values[option];
    return `complete -c ferry -l ${option.slice(2)}${choices === undefined ? '' : ` -x -a '${choices.join(' ')}'`}`;
  })
  .join('\n')}
complete -c ferry -n '__fish_seen_subcommand_from completion' -f -a '${SHELLS.join(' ')}'
${commands
  .flatMap((name) => [
    ...(options[name] ?? []).map(
      (option) => `complete -c ferry -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`,
    ),
    ...(ARGUMENTS[name] === undefined
      ? []
      : [
          `complete -c ferry -n '__fish_seen_subcommand_from ${name}' -f -a '(${ask(name, '(__ferry_given)')})'`,
        ]),
  ])
  .join('\n')}
`;

const SCRIPTS = { bash, zsh, fish } as const satisfies Record<
  (typeof SHELLS)[number],
  (words: Words) => string
>;
