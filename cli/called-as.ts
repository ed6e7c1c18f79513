import { dirname, relative } from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from './cli-context.ts';
import { quoted } from './quoted.ts';

/** How this command was called, for commands that are printed to be pasted: by npm in a clone, or by its name. */
export function calledAs({
  npm_lifecycle_event: script,
  npm_package_json: project,
  INIT_CWD: folder,
}: CliContext['environment']): string {
  if (script !== 'ferry') return 'ferry';
  const root = project === undefined ? undefined : dirname(project);
  // npm finds the project of the folder that one is in, or the one that was named.
  const isInside = root === undefined || folder === undefined || !relative(root, folder).startsWith('..');
  return isInside ? 'npm run -s ferry --' : `npm --prefix ${quoted(root)} run -s ferry --`;
}

/** Options that say which configuration, state or stack is meant, and the commands that need them. */
const PLACES = [
  ['stack', /^(?!init)/],
  ['config', /^(?!init)/],
  ['state', /^(?!init|validate|check|preview|tree)/],
  ['secrets', /^(accept|resend|run|check|preview|tree)\b/],
] as const;

// Up to the end of its sentence. What is only mentioned (`ferry tree lists …`) stays as it is.
const PRINTED = /(?<=: )ferry ([a-z][^.\n]*)(?=\.(?:\s|$)|\n|$)/g;

/**
 * Hints with their commands as a person can paste them: called as this one was, for the same configuration. What the
 * environment says need not be repeated.
 *
 * @example 'send it: ferry accept 01…' → 'send it: npm run -s ferry -- accept 01… --config town/ferry.yaml'
 */
export function asTyped(program: Command, environment: CliContext['environment']): (hint: string) => string {
  const called = calledAs(environment);
  const typed = (name: string) =>
    program.getOptionValueSource(name) === 'cli' ? String(program.getOptionValue(name)) : undefined;
  return (hint) =>
    hint.replaceAll(PRINTED, (_printed, command: string) => {
      const places = PLACES.flatMap(([name, commands]) => {
        const value = commands.test(command) ? typed(name) : undefined;
        return value === undefined ? [] : [` --${name} ${quoted(value)}`];
      });
      return `${called} ${command}${places.join('')}`;
    });
}
