import { Command } from 'commander';
import type { ServeOptions } from '../../../shared/serve/serve-options.ts';
import type { CliContext } from '../../cli-context.ts';
import { EXIT } from '../../exit-codes.ts';
import { applyAtlanEnvironment, emptyConfig, readAtlanSettings } from '../../served/atlan-settings.ts';
import { openServed, withServedTelemetry } from '../../served/open-served.ts';
import {
  assertPortsDiffer,
  readApiSettings,
  readServeSettings,
  type ServeCommandOptions,
} from '../../served/serve-settings.ts';

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
    .option(
      '--allow-hosts <list>',
      'hosts that callers of Atlan’s API may send credentials for: names, networks (default: none)',
    )
    .option('--allow-role-arns <list>', 'roles that Ferry may assume for them (default: none)')
    .option('--credentials-tls <mode>', 'how those connections are verified (default: verify-full)')
    .option('--credentials-ca <ca>', 'rds, system, or a PEM file')
    .option('--config-days <n>', 'how long definitions of workflows are kept (default: 30)')
    .addHelpText(
      'after',
      `
Each option has a variable: FERRY_CATCH_UP, FERRY_GRACE, FERRY_MAX_RUNS, … The health checks answer on all
addresses at HEALTH_CHECK_PORT (8080): /healthz and /readyz. Without --config: ferry.yaml, else .env, in the
working folder, else the variables of the Go connector (docs/serve.md). Variables of Atlan's app, such as
ATLAN_APP_HTTP_PORT and ATLAN_TENANT_ID, are read too (docs/atlan-api.md).`,
    )
    .action(async (_options, command: Command) => {
      await withServedTelemetry(context, command, { scraped: true }, ({ scrape }) =>
        serveUntilStopped(context, command, scrape),
      );
    });
}

async function serveUntilStopped(
  context: CliContext,
  command: Command,
  scrape: ServeOptions['scrape'],
): Promise<void> {
  const given = command.opts<ServeCommandOptions>();
  const withoutConfig = given.allowHosts ?? context.environment.FERRY_ALLOW_HOSTS;
  const served = await openServed(context, command, withoutConfig ? emptyConfig : undefined);
  const { environment, connector } = served.loaded;
  const settings = readServeSettings(given, environment);
  context.allowEnding?.(settings.graceMs + END_MARGIN_MS);
  const api = connector ? undefined : await readApiSettings(given, { ...context, logger: served.logger });
  assertPortsDiffer(settings.healthPort, api);
  const atlan = await readAtlanSettings(given, context);
  const config = applyAtlanEnvironment(served.config, environment);
  const { serve } = await import('../../../shared/serve/serve.ts');
  const ended = await serve({
    ...served,
    ...settings,
    config,
    api,
    atlan,
    scrape,
    exitOnFailedCheck: connector,
  });
  context.setExitCode(ended === 'stopped' ? EXIT.succeeded : EXIT.failed);
}
