import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { checkExtraction } from '../../../shared/checks/check-extraction.ts';
import type { CheckResult } from '../../../shared/checks/check-result.ts';
import { checkSource } from '../../../shared/checks/check-source.ts';
import { checkTarget } from '../../../shared/checks/check-target.ts';
import { warnOfOddSteps } from '../../../shared/config/rules/odd-step-warnings.ts';
import { warnOfPastSchedules } from '../../../shared/config/rules/past-schedule-warnings.ts';
import type { FerryConfig } from '../../../shared/config/schema/ferry-config.ts';
import { asSentence, unknownNameMessage } from '../../../shared/config/unknown-name.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { createWorkspace } from '../../../shared/runs/workspace.ts';
import { RefusedLogins } from '../../../shared/source/credentials/refused-logins.ts';
import type { CliContext } from '../../cli-context.ts';
import { EXIT } from '../../exit-codes.ts';
import { openOutput } from '../../local/open-output.ts';
import { sessionOptions } from '../../local/session-options.ts';
import { type GlobalOptions, globalOptions, openSecrets, readConfig } from '../../options.ts';
import { createCheckReport } from '../../output/check-report.ts';
import { printWarnings } from '../../output/output.ts';
import { StatusLine } from '../../output/status-line.ts';
import { checkInFunction } from '../../stack/check-in-function.ts';
import { type ConnectedStack, connectStack } from '../../stack/connect-stack.ts';

type SourceChecks = { source: string; checks: CheckResult[] };
type ExtractionChecks = { extraction: string; checks: CheckResult[] };

/** `ferry check [name]`: does everything work that runs need? Reads no row, uploads nothing. */
export function checkCommand(context: CliContext): Command {
  const { stdout, stderr } = context;
  return new Command('check')
    .description(
      'test everything that runs need from sources, Polyteia and outputs; reads no row, uploads nothing',
    )
    .argument('[name]', 'one source, sync or extraction; with --stack, one job; default: all')
    .action(async (only: string | undefined, _options, command: Command) => {
      const options = globalOptions(command);
      const connected = await connectStack(options, context);
      if (connected) return checkStack(connected, context, options, only);
      const loaded = await readConfig(options, context);
      printWarnings(stderr, [
        ...loaded.warnings,
        ...warnOfOddSteps(loaded.config),
        ...warnOfPastSchedules(loaded.config, new Date()),
      ]);
      const { sources, syncs, extractions } = loaded.config;
      assertKnown(only, loaded.config);
      const secrets = await openSecrets(options, loaded, context);
      await using workspace = await createWorkspace(tmpdir());
      const refusals = new RefusedLogins();
      const all: SourceChecks[] = [];
      const ofExtractions: ExtractionChecks[] = [];
      const report = createCheckReport(stdout, options.json === true);
      using status = new StatusLine(stderr);
      const add = (name: string, checks: readonly CheckResult[]) => {
        status.clear();
        report.add(name, checks);
      };
      for (const [name, source] of Object.entries(sources)) {
        const isNamed = only === undefined || name === only;
        const ofSource = Object.entries(syncs).filter(
          ([job, sync]) =>
            sync.source === name && (isNamed || (job === only && !Object.hasOwn(sources, only))),
        );
        if (!isNamed && ofSource.length === 0) continue;
        context.signal.throwIfAborted();
        status.show(name);
        const checks = await checkSource({
          ...sessionOptions(context),
          refusals,
          name,
          source,
          syncs: Object.fromEntries(ofSource),
          secrets,
          folder: join(workspace.folder, name),
        });
        for (const [job, sync] of ofSource) {
          const found = await checkTarget(sync, {
            config: loaded.config,
            secrets,
            signal: context.signal,
          });
          checks.push(...found.map((result) => ({ ...result, check: `${job}: ${result.check}` })));
        }
        all.push({ source: name, checks });
        add(name, checks);
      }
      for (const [job, extraction] of Object.entries(extractions)) {
        if (only !== undefined && job !== only) continue;
        context.signal.throwIfAborted();
        status.show(job);
        const known: CheckResult[] = [];
        const checks = await checkExtraction({
          ...sessionOptions(context),
          refusals,
          config: loaded.config,
          job,
          secrets,
          output: await openOutput(extraction, undefined, options, context),
          workFolder: tmpdir(),
          onCheck: (result) => known.push(result),
          onStep: (step) => status.show(`${job}: ${step}`),
        }).catch((error: unknown) => {
          // What was found out before somebody stopped it.
          if (known.length > 0) add(`${job} (stopped)`, known);
          report.end();
          throw error;
        });
        ofExtractions.push({ extraction: job, checks });
        add(job, checks);
      }
      const failed = [...all, ...ofExtractions].some(({ checks }) =>
        checks.some(({ status }) => status === 'failed'),
      );
      if (options.json) {
        const found = {
          ok: !failed,
          sources: all,
          ...(ofExtractions.length > 0 ? { extractions: ofExtractions } : {}),
        };
        stdout.write(`${JSON.stringify(found, null, 2)}\n`);
      }
      report.end();
      context.setExitCode(failed ? EXIT.failed : EXIT.succeeded);
    });
}

function assertKnown(only: string | undefined, { sources, syncs, extractions }: FerryConfig): void {
  if (only === undefined || [sources, syncs, extractions].some((all) => Object.hasOwn(all, only))) return;
  const names = [sources, syncs, extractions].flatMap((all) => Object.keys(all));
  throw new ConfigError(asSentence(unknownNameMessage('source or job', only, names)));
}

/** Each job's checks, from within the function that runs it. */
async function checkStack(
  connected: ConnectedStack,
  { stdout, signal, setExitCode }: CliContext,
  { json }: GlobalOptions,
  only: string | undefined,
): Promise<void> {
  const jobs: { name: string; source?: string | undefined }[] =
    only === undefined ? await connected.api.listJobs() : [{ name: only }];
  const all: { job: string; checks: CheckResult[] }[] = [];
  const report = createCheckReport(stdout, json === true);
  // Each job of a source would offer the same login, and each refusal counts towards locking the account.
  const refusedBy = new Map<string, string>();
  for (const { name: job, source } of jobs) {
    const refused = source === undefined ? undefined : refusedBy.get(source);
    const detail = `not tried: the check of ${refused} shows that the source ${source} refuses the login`;
    const checks: CheckResult[] =
      refused === undefined
        ? await checkInFunction(connected, job, signal)
        : [{ check: 'login', status: 'skipped', detail }];
    if (source !== undefined && checks.some((one) => one.check === 'login' && one.class === 'AuthError'))
      refusedBy.set(source, job);
    all.push({ job, checks });
    report.add(job, checks);
  }
  const failed = all.some(({ checks }) => checks.some(({ status }) => status === 'failed'));
  if (json) stdout.write(`${JSON.stringify({ ok: !failed, jobs: all }, null, 2)}\n`);
  report.end();
  setExitCode(failed ? EXIT.failed : EXIT.succeeded);
}
