import { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { EXIT } from '../exit-codes.ts';
import { openServed } from '../served/open-served.ts';
import { readApiSettings, readServeSettings, type ServeCommandOptions } from '../served/serve-settings.ts';

// After the grace: writing down what is handed over, and closing connections.
const END_MARGIN_MS = 15_000;

/** `ferry serve`: keeps the schedules in this process, and answers probes and the API. */
export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('keep the schedules in this process, without AWS; answer health checks and the API')
    .option('--catch-up <time>', 'make up for a start missed at most this long ago (default: 1h; 0: never)')
    .option('--grace <time>', 'how long runs go on after SIGTERM before they are handed over (default: 25s)')
    .option('--max-runs <n>', 'how many runs work at once (default: 2)')
    .option('--timeout <time>', 'time after which a run gives up (default: 6h)')
    .option('--name <name>', 'the same for all replicas (default: ferry)')
    .option('--api-host <address>', 'address of the API (default: 127.0.0.1)')
    .option('--api-port <port>', 'port of the API (default: 8000)')
    .option(
      '--api-token-file <file>',
      'file with the token that callers of the API send (or FERRY_API_TOKEN)',
    )
    .option('--api-auth <kind>', 'none: answer everyone who can reach the API; token (default)')
    .addHelpText(
      'after',
      `
Each option has a variable: FERRY_CATCH_UP, FERRY_GRACE, FERRY_MAX_RUNS, … The health checks answer on all
addresses at HEALTH_CHECK_PORT (8080): /healthz and /readyz. Without --config: ferry.yaml, else .env, in the
working folder, else the variables of the Go connector (docs/serve.md).`,
    )
    .action(async (_options, command: Command) => {
      const given = command.opts<ServeCommandOptions>();
      const served = await openServed(context, command);
      const { environment, connector } = served.loaded;
      const settings = readServeSettings(given, environment);
      context.allowEnding?.(settings.graceMs + END_MARGIN_MS);
      const api = connector ? undefined : await readApiSettings(given, context);
      const { serve } = await import('../../shared/serve/serve.ts');
      const ended = await serve({ ...served, ...settings, api, exitOnFailedCheck: connector });
      context.setExitCode(ended === 'stopped' ? EXIT.succeeded : EXIT.failed);
    });
}
