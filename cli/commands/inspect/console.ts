import { tmpdir } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { answerProblem, ProblemError } from '../../../shared/api/problems.ts';
import { ConfigError, toFerryError } from '../../../shared/errors.ts';
import type { ConsoleOptions } from '../../../shared/serve/browser/create-console.ts';
import type { CliContext } from '../../cli-context.ts';
import { createCliLogger } from '../../cli-logger.ts';
import { EXIT } from '../../exit-codes.ts';
import { openOutput } from '../../local/open-output.ts';
import { openState } from '../../local/open-state.ts';
import { sessionOptions } from '../../local/session-options.ts';
import { type GlobalOptions, globalOptions, openSecrets, readConfig } from '../../options.ts';
import { printWarnings } from '../../output/output.ts';
import { readAtlanSettings } from '../../served/atlan-settings.ts';
import type { ServeCommandOptions } from '../../served/serve-settings.ts';
import { stackName } from '../../stack/connect-stack.ts';

const GRACE_MS = 25_000;
// After that: writing down what is handed over.
const END_MARGIN_MS = 15_000;
const RUN_TIMEOUT_MS = 6 * 3_600_000;

/** What a console asks, and how it ends. */
interface Backend extends Pick<ConsoleOptions, 'api' | 'subject' | 'language'> {
  stop(): Promise<void>;
}

type ConsoleCommandOptions = { port: string } & Pick<
  ServeCommandOptions,
  'allowHosts' | 'credentialsTls' | 'credentialsCa'
>;

/** `ferry console`: jobs, runs and sources in the browser of this machine. */
export function consoleCommand(context: CliContext): Command {
  return new Command('console')
    .description('show jobs, runs and sources in the browser of this machine, and start runs there')
    .option('--port <port>', 'port on 127.0.0.1 (default: a free one)', '0')
    .option(
      '--allow-hosts <list>',
      'hosts that the set-up form may try with a login typed there (default: none)',
    )
    .option('--credentials-tls <mode>', 'how those connections are verified (default: verify-full)')
    .option('--credentials-ca <ca>', 'rds, system, or a PEM file')
    .addHelpText(
      'after',
      `
With --stack, it signs with your own AWS credentials what the pages ask of the stack's API; nothing new can be
reached from outside. Without it, it works on the state beside the configuration, and runs jobs in this process.
The printed address lets one browser in; then another one is printed.`,
    )
    .action(async ({ port, ...given }: ConsoleCommandOptions, command: Command) => {
      const options = globalOptions(command);
      const number = Number(port);
      if (!/^\d{1,5}$/.test(port) || number > 65_535) throw new ConfigError('--port: expected 0 to 65535.');
      const name = stackName(options, context);
      const backend =
        name === undefined ? await openLocal(options, given, context) : await openStack(options, context);
      const { openConsoleServer } = await import('../../../shared/serve/browser/console-server.ts');
      const { listening, address } = await openConsoleServer(backend, number, {
        onOpened: (next) => context.stderr.write(`Opened in a browser. For another one: ${next}\n`),
      });
      context.allowEnding?.(GRACE_MS + END_MARGIN_MS);
      context.stdout.write(
        options.json
          ? `${JSON.stringify({ address })}\n`
          : `Ferry console of ${backend.subject}: ${address}\n`,
      );
      context.stderr.write('The first browser with this address can start runs. Ctrl-C ends the console.\n');
      await new Promise<void>((ended) => {
        if (context.signal.aborted) ended();
        else context.signal.addEventListener('abort', () => ended(), { once: true });
      });
      await listening.close();
      await backend.stop();
      context.setExitCode(EXIT.succeeded);
    });
}

async function openLocal(
  options: GlobalOptions,
  given: Omit<ConsoleCommandOptions, 'port'>,
  context: CliContext,
): Promise<Backend> {
  const { createRunLogs } = await import('../../../shared/serve/listeners/run-logs.ts');
  const { openLocalApi } = await import('../../../shared/serve/open-local-api.ts');
  // Before the logger, which asks how much is wanted of it.
  const logs = createRunLogs();
  const loaded = await readConfig(options, context);
  printWarnings(context.stderr, loaded.warnings);
  const { documents } = await openState(options, context);
  const { config } = loaded;
  const atlan = await readAtlanSettings(given, context);
  const api = await openLocalApi(
    {
      ...sessionOptions(context),
      config,
      documents,
      secrets: await openSecrets(options, loaded, context),
      openOutput: (output) => openOutput({ output }, undefined, options, context),
      workFolder: tmpdir(),
      logger: createCliLogger(options, context),
      maxRuns: 2,
      timeoutMs: RUN_TIMEOUT_MS,
      name: 'ferry',
      atlan,
    },
    { logs, caller: context.user },
  );
  return {
    api: api.answer,
    subject: subjectOf(options, context),
    language: config.language,
    async stop() {
      await api.stop(GRACE_MS);
      logs[Symbol.dispose]();
    },
  };
}

/** The folder and name of the configuration, by which people tell one from another. */
function subjectOf({ config }: GlobalOptions, { folder }: CliContext): string {
  const path = resolve(folder, config);
  return `${basename(dirname(path))}/${basename(path)}`;
}

async function openStack(options: GlobalOptions, context: CliContext): Promise<Backend> {
  const [{ findStack }, { createSignedFetch }, { explainRefusal }] = await Promise.all([
    import('../../stack/find-stack.ts'),
    import('../../stack/signed-fetch.ts'),
    import('../../stack/explain-refusal.ts'),
  ]);
  const name = stackName(options, context) ?? '';
  const { stack, credentials } = await findStack(name, context.environment.FERRY_API_URL || undefined);
  const signedFetch = createSignedFetch(stack, credentials);
  return {
    subject: `${stack.name} (${stack.region})`,
    async stop() {},
    async api(request) {
      const { pathname, search } = new URL(request.url);
      const body = await request.text();
      try {
        const answer = await signedFetch({
          path: `${pathname.slice(1)}${search}`,
          method: request.method,
          headers: Object.fromEntries(request.headers),
          body: body === '' ? undefined : body,
        });
        return await explainRefusal(answer);
      } catch (thrown) {
        const { message, hint } = toFerryError(thrown);
        return answerProblem(new ProblemError(503, [message, hint ?? ''].join(' ').trim()));
      }
    },
  };
}
