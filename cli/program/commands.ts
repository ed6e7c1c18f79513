import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';

type LoadCommand = () => Promise<(context: CliContext) => Command>;

// By the headings of the help, which are also folders.
const groups: Readonly<Record<string, Readonly<Record<string, LoadCommand>>>> = {
  'Set up:': {
    init: async () => (await import('../commands/set-up/init.ts')).initCommand,
    validate: async () => (await import('../commands/set-up/validate.ts')).validateCommand,
    check: async () => (await import('../commands/set-up/check.ts')).checkCommand,
    preview: async () => (await import('../commands/set-up/preview.ts')).previewCommand,
    tree: async () => (await import('../commands/set-up/tree.ts')).treeCommand,
    cost: async () => (await import('../commands/set-up/cost.ts')).costCommand,
    completion: async () => (await import('../commands/set-up/completion.ts')).completionCommand,
  },
  'Run:': {
    run: async () => (await import('../commands/run/run.ts')).runCommand,
    schedule: async () => (await import('../commands/run/schedule.ts')).scheduleCommand,
    serve: async () => (await import('../commands/run/serve.ts')).serveCommand,
    'run-once': async () => (await import('../commands/run/run-once.ts')).runOnceCommand,
    cancel: async () => (await import('../commands/run/cancel.ts')).cancelCommand,
  },
  'Inspect:': {
    jobs: async () => (await import('../commands/inspect/jobs.ts')).jobsCommand,
    runs: async () => (await import('../commands/inspect/runs.ts')).runsCommand,
    logs: async () => (await import('../commands/inspect/logs.ts')).logsCommand,
    console: async () => (await import('../commands/inspect/console.ts')).consoleCommand,
  },
  'Results:': {
    accept: async () => (await import('../commands/results/accept.ts')).acceptCommand,
    resend: async () => (await import('../commands/results/resend.ts')).resendCommand,
    compare: async () => (await import('../commands/results/compare.ts')).compareCommand,
    clean: async () => (await import('../commands/results/clean.ts')).cleanCommand,
  },
};

/** By name. Each is loaded when it is called: loading all takes longer than a short command runs. */
export const commands: ReadonlyMap<string, { group: string; load: LoadCommand }> = new Map(
  Object.entries(groups).flatMap(([group, inGroup]) =>
    Object.entries(inGroup).map(([name, load]) => [name, { group, load }]),
  ),
);

/** The commands that support --stack. */
export const commandsOfStacks = new Set([
  'jobs',
  'runs',
  'cost',
  'run',
  'cancel',
  'accept',
  'resend',
  'logs',
  'check',
  'console',
]);

/** The commands that check many documents, because they run for long. */
export const stayingCommands = new Set(['serve', 'console']);
