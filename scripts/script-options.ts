import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/**
 * The options of a script, as parseArgs() reads them. `--help` prints its usage and ends it; so does an option that it
 * does not know, with exit code 2.
 *
 * @param usage what to type, a line for each form
 */
export function readScriptOptions<Options extends ParseArgsOptionsConfig>(usage: string, options: Options) {
  try {
    const { help, ...values } = parseArgs({
      options: { ...options, help: { type: 'boolean', short: 'h' } },
    }).values as { help?: boolean };
    if (help) {
      process.stdout.write(`${usage}\n`);
      process.exit(0);
    }
    return values as ReturnType<typeof parseArgs<{ options: Options }>>['values'];
  } catch (error) {
    process.stderr.write(`${(error as Error).message.split('. ')[0]}.\n${usage}\n`);
    process.exit(2);
  }
}
