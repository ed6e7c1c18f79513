import { tmpdir } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { asSentence, unknownNameMessage } from '../../shared/config/config-problems.ts';
import { kindOfJob } from '../../shared/config/job-kind.ts';
import { ConfigError } from '../../shared/errors.ts';
import { createWorkspace } from '../../shared/runs/workspace.ts';
import { previewSync, type SyncPreview } from '../../shared/sync/preview-sync.ts';
import { formatCount } from '../../shared/text/format.ts';
import type { CliContext } from '../cli-context.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { globalOptions, openSecrets, readConfig } from '../options.ts';
import { formatError, formatTable, printWarnings } from '../output/output.ts';
import { escapeUnseen } from '../output/show-value.ts';
import { sessionOptions } from '../session-options.ts';

const DEFAULT_ROWS = 5;
const MAXIMUM_ROWS = 1000;
// Wider cells are cut: a table that wraps cannot be read.
const CELL_WIDTH = 40;

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
      const preview = await previewSync({
        ...sessionOptions(context),
        sync,
        source,
        secrets: await openSecrets(options, loaded, context),
        folder: workspace.folder,
        limit,
      });
      if (options.json) stdout.write(`${JSON.stringify(toJson(preview), null, 2)}\n`);
      else print(preview, limit, context);
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

/** One line of at most {@link CELL_WIDTH} characters. */
function cell(value: string | null): string {
  if (value === null) return 'NULL';
  // Escapes characters that are invisible or move the cursor, and replaces line breaks by blanks.
  const line = escapeUnseen(value.replaceAll(/\s*[\r\n]+\s*/g, ' '));
  const characters = [...line];
  return characters.length > CELL_WIDTH ? `${characters.slice(0, CELL_WIDTH - 1).join('')}…` : line;
}

function print(preview: SyncPreview, limit: number, { stdout, stderr }: CliContext): void {
  const { columns, rows, rowsError, estimatedRows, warnings } = preview;
  const described = columns.map(({ name, sourceType, type, reason, refusal }) => [
    escapeUnseen(name),
    escapeUnseen(sourceType),
    type,
    [reason, refusal && `refuses ${refusal.values}`].filter((part) => part !== undefined).join('; '),
  ]);
  stdout.write(`${formatTable(['COLUMN', 'SOURCE TYPE', 'PARQUET TYPE', 'WHY'], described)}\n\n`);
  if (rowsError) stderr.write(formatError(rowsError));
  else if (rows.length > 0) {
    const names = columns.map(({ name }) => cell(name));
    stdout.write(
      `${formatTable(
        names,
        rows.map((row) => row.map(cell)),
      )}\n\n`,
    );
  }
  if (rows.length === 0 && !rowsError && limit > 0) stdout.write('The query returns no rows.\n');
  if (estimatedRows !== undefined)
    stdout.write(`The source expects about ${formatCount(estimatedRows, 'row')}.\n`);
  printWarnings(stderr, warnings);
}
