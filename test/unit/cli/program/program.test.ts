import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../../cli/program/program.ts';
import { runCommandLine } from '../../../../cli/program/run-command-line.ts';
import { createTestCliContext } from '../../../support/cli/cli-context.ts';

/** What `ferry` prints when it is called so, with all commands loaded or with those that it takes to need. */
async function printed(args: readonly string[], loaded: 'all' | 'needed') {
  const context = createTestCliContext('/nowhere');
  const program = await createProgram(context, loaded === 'all' ? [] : args);
  const ended = await program.parseAsync(['node', 'ferry', ...args]).then(
    () => 'done',
    (error: Error) => error.message,
  );
  return { ...context.output, ended, commands: program.commands.map((command) => command.name()) };
}

describe('ferry loads the command that is called', () => {
  it.each([
    [['run', '--help'], ['run']],
    [['--json', '--config', 'check', 'tree', '--help'], ['tree']],
    [['--state=run', 'jobs', '--nope'], ['jobs']],
    [['run', 'check', '--nope'], ['run']],
    [['--version'], []],
  ])('%j', async (args, commands) => {
    const needed = await printed(args, 'needed');
    expect(needed.commands).toEqual(commands);
    const { commands: _all, ...all } = await printed(args, 'all');
    expect(needed).toMatchObject(all);
  });

  it.each([
    [['--help']],
    [['-h', 'jobs']],
    [['--help', 'run']],
    [['help', 'run']],
    [['--state', 'run']],
    [['--config', 'check', '--help']],
    [['--json', '--stack', 'jobs']],
    [['chekc', 'run']],
    [['--nope', 'run']],
    [[]],
  ])('and all of them for %j', async (args) => {
    const needed = await printed(args, 'needed');
    expect(needed.commands.length).toBeGreaterThan(1);
    expect(needed).toEqual(await printed(args, 'all'));
  });
});

it('lists each command in the help, by what it is for', async () => {
  const { stdout } = await printed(['--help'], 'needed');
  const headings = stdout.matchAll(/^(\S.*:)\n((?: .*\n?)+)/gm);
  const listed = [...headings].map(([, heading, lines = '']) => [
    heading,
    Array.from(lines.matchAll(/^ {2}([a-z][\w-]*)/gm), ([, name]) => name),
  ]);
  expect(listed).toEqual([
    ['Options:', []],
    ['Set up:', ['init', 'validate', 'check', 'preview', 'tree', 'cost', 'completion']],
    ['Run:', ['run', 'schedule', 'serve', 'run-once', 'cancel']],
    ['Inspect:', ['jobs', 'runs', 'logs', 'console']],
    ['Results:', ['accept', 'resend', 'compare', 'clean']],
    ['Help:', ['help']],
  ]);
});

it('takes options from the environment without the white space around them; blank ones count as none', async () => {
  const environment = { FERRY_STATE: '/srv/state\n', FERRY_CONFIG: ' ' };
  const program = await createProgram({ ...createTestCliContext('/nowhere'), environment });
  expect(program.opts()).toMatchObject({ state: '/srv/state', config: 'ferry.yaml' });
});

it.each([
  [['--json'], 'No command was given.'],
  [['run', '--json', '--nope'], "unknown option '--nope'"],
  [['compare', '--json', 'a'], "missing required argument 'b'"],
])('a wrong command line is a sentence with --json, too: %j', async (args, message) => {
  const context = createTestCliContext('/nowhere');
  await runCommandLine(context, args);
  expect(JSON.parse(context.output.stdout)).toEqual({ error: { class: 'ConfigError', message } });
});
