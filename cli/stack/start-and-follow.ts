import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Started } from '../../shared/api/schemas.ts';
import type { CliContext } from '../cli-context.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../options.ts';
import { createProgressPrinter } from '../output/progress.ts';
import { reportRun } from '../output/report-run.ts';
import type { ConnectedStack } from './connect-stack.ts';
import { followRun } from './follow-run.ts';
import type { StackApi } from './stack-api.ts';

/**
 * Starts a run on a stack and follows it to its end. Ctrl-C stops the following only.
 *
 * @param start asks for the run by its own key, so that asking again starts no second one
 * @param options.wait false: the run is asked for, and that is all
 */
export async function startAndFollow(
  { stack, api }: ConnectedStack,
  context: CliContext,
  command: Command,
  start: (api: StackApi, key: string) => Promise<Started>,
  { wait }: { wait: boolean },
): Promise<void> {
  const { stdout, stderr, signal } = context;
  const { json } = globalOptions(command);
  const started = await start(api, randomUUID());
  const { runId, job } = started;
  if (!wait) {
    stdout.write(json ? `${JSON.stringify(started, null, 2)}\n` : `${job}: run ${runId} was requested.\n`);
    context.setExitCode(EXIT.succeeded);
    return;
  }
  stderr.write(`  run ${runId} was requested\n`);
  const progress = createProgressPrinter(stderr, true);
  try {
    const run = await followRun(api, runId, {
      ...(context.sleep && { sleep: context.sleep }),
      signal,
      onProgress: progress.onEvent,
      onStale: () =>
        stderr.write(
          '  the run shows no sign of life and may have been killed; waiting for it to be taken over …\n',
        ),
    }).finally(() => progress.end());
    reportRun(run, context, { json });
  } catch (error) {
    if (!signal.aborted) throw error;
    stderr.write(
      `Run ${runId} continues; ferry only stopped following it.\n  → ferry --stack ${stack.name} cancel ${runId} asks it to stop.\n`,
    );
    if (json) stdout.write(`${JSON.stringify(started, null, 2)}\n`);
    context.setExitCode(EXIT.interrupted);
  }
}
