import { tmpdir } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { kindOfJob } from '../../../shared/config/job-kind.ts';
import { asSentence, unknownNameMessage } from '../../../shared/config/unknown-name.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { createWorkspace } from '../../../shared/runs/workspace.ts';
import { previewSync, type SyncPreview } from '../../../shared/sync/preview-sync.ts';
import type { CliContext } from '../../cli-context.ts';
import { exitCodeOf } from '../../exit-codes.ts';
import { sessionOptions } from '../../local/session-options.ts';
import { globalOptions, openSecrets, readConfig } from '../../options.ts';
import { printWarnings } from '../../output/output.ts';
import { printPreview } from '../../output/preview-report.ts';
import { createProgressPrinter } from '../../output/progress.ts';

const DEFAULT_ROWS = 5;
const MAXIMUM_ROWS = 1000;

function parseRows(text: string): number {
  const rows = Number(text);
  if (!Number.isInteger(rows) || rows < 0 || rows > MAXIMUM_ROWS)
    throw new InvalidArgumentError(`a whole number up to ${MAXIMUM_ROWS}`);
  return rows;
}

/** `ferry preview <sync>`: how each column would be written, and the first rows. */
export function previewCommand(context: CliContext): Command {
  const { stdout, stderr } = context;
  return new Command('preview')
    .description('show how each column of a sync is converted, and its first rows; uploads nothing')
    .argument('<sync>', 'name of the sync; a .env file has one sync, called default')
    .option('--rows <number>', 'how many rows to show', parseRows, DEFAULT_ROWS)
    .action(async (job: string, _options, command: Command) => {
      const options = globalOptions(command);
      const { rows: limit } = command.opts<{ rows: number }>();
      const loaded = await readConfig(options, context);
      printWarnings(stderr, loaded.warnings);
      const { syncs, sources } = loaded.config;
      const sync = Object.hasOwn(syncs, job) ? syncs[job] : undefined;
      const source = sync && sources[sync.source];
      if (kindOfJob(loaded.config, job) === 'extraction') {
        throw new ConfigError(
          `"${job}" is an extraction: ferry preview shows how the columns of a sync are converted.`,
          {
            hint: `ferry tree lists what its sources contain; ferry run ${job} --dry-run --out FOLDER writes its files without recording a run.`,
          },
        );
      }
      if (!source) throw new ConfigError(asSentence(unknownNameMessage('sync', job, Object.keys(syncs))));
      await using workspace = await createWorkspace(tmpdir());
      // A source may take long over the first rows, as with a GROUP BY.
      const progress = createProgressPrinter(stderr, stderr.isTTY === true);
      progress.onEvent({ type: 'phase-started', phase: 'preview' });
      const preview = await previewSync({
        ...sessionOptions(context),
        sync,
        source,
        secrets: await openSecrets(options, loaded, context),
        folder: workspace.folder,
        limit,
      }).finally(() => progress.end());
      if (options.json) stdout.write(`${JSON.stringify(toJson(preview), null, 2)}\n`);
      else printPreview(preview, limit, context);
      if (preview.rowsError) context.setExitCode(exitCodeOf(preview.rowsError));
    });
}

function toJson({ rowsError, ...preview }: SyncPreview) {
  return {
    ...preview,
    columns: preview.columns.map(({ name, sourceType, type, reason, refusal }) => ({
      name,
      sourceType,
      type,
      ...(reason === undefined ? {} : { reason }),
      ...(refusal === undefined ? {} : { refuses: refusal.values }),
    })),
    ...(rowsError && { error: { class: rowsError.class, message: rowsError.message, hint: rowsError.hint } }),
  };
}
