import { tmpdir } from 'node:os';
import { Command } from 'commander';
import { asSentence, unknownNameMessage } from '../../shared/config/config-problems.ts';
import { sourcesOf } from '../../shared/config/extraction-sources.ts';
import type { FerryConfig, SourceConfig } from '../../shared/config/schema.ts';
import { ConfigError } from '../../shared/errors.ts';
import { findExtraction } from '../../shared/extraction/extraction-work.ts';
import { type DatabaseTree, readTree } from '../../shared/extraction/read-tree.ts';
import { createWorkspace } from '../../shared/runs/workspace.ts';
import { resolveLogin } from '../../shared/source/credentials.ts';
import { dialectOf } from '../../shared/source/dialect.ts';
import { formatBytes, formatCount } from '../../shared/telemetry/format.ts';
import { globalOptions, openSecrets, readConfig } from '../options.ts';
import { formatTable, printWarnings } from '../output.ts';
import type { Surroundings } from '../program.ts';
import { sessionOptions } from '../session-options.ts';
import { escapeUnseen } from '../show-value.ts';

/** `ferry tree <source>`: what there is on a source's server, by the names that filters match. */
export function treeCommand(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings;
  return new Command('tree')
    .description(
      'list the databases and schemas on the server of a source, for writing the filters of an extraction',
    )
    .argument('<source>', 'name of the source')
    .option('--extraction <name>', 'show which schemas the filters of this extraction leave')
    .action(async (name: string, { extraction: job }: { extraction?: string }, command: Command) => {
      const options = globalOptions(command);
      const loaded = await readConfig(options, surroundings);
      printWarnings(stderr, loaded.warnings);
      const source = sourceNamed(name, loaded.config);
      const filters = job === undefined ? {} : { filters: filtersOf(job, name, loaded.config) };
      const secrets = await openSecrets(options, loaded, surroundings);
      await using workspace = await createWorkspace(tmpdir());
      const login = await resolveLogin(name, source, secrets, dialectOf(source.type).defaultPort);
      const { folder } = workspace;
      const tree = await readTree({ ...sessionOptions(surroundings), source, login, folder, ...filters });
      if (options.json) stdout.write(`${JSON.stringify({ source: name, databases: tree }, null, 2)}\n`);
      else stdout.write(`${format(tree, job !== undefined)}\n`);
    });
}

function sourceNamed(name: string, { sources }: FerryConfig): SourceConfig {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (!source) throw new ConfigError(asSentence(unknownNameMessage('source', name, Object.keys(sources))));
  if (source.type === 'postgres') return source;
  throw new ConfigError(
    `"${name}" is a source of type ${source.type}: extractions, and so this command, read postgres.`,
  );
}

function filtersOf(job: string, source: string, config: FerryConfig) {
  const { extraction } = findExtraction(config, job);
  if (sourcesOf(config, extraction).includes(source)) return extraction;
  throw new ConfigError(`The extraction "${job}" does not read the source "${source}".`);
}

function format(tree: readonly DatabaseTree[], filtered: boolean): string {
  const rows = tree.flatMap(({ name, isDefault, bytes, schemas, refusal }) => {
    const size = bytes === undefined ? '' : formatBytes(bytes);
    const database = `${escapeUnseen(name)}${isDefault ? ' (default)' : ''}`;
    const note = refusal ?? (schemas.length === 0 ? 'no schema of its own' : undefined);
    if (note !== undefined) return [[database, size, '', '', '', '', note]];
    return schemas.map((schema, index) => [
      ...(index === 0 ? [database, size] : ['', '']),
      escapeUnseen(schema.name),
      ...[schema.tables, schema.views, schema.routines].map((count) => formatCount(count)),
      filtered && !schema.inScope ? 'left out by the filters' : '',
    ]);
  });
  const header = ['DATABASE', 'SIZE', 'SCHEMA', 'TABLES', 'VIEWS', 'ROUTINES', ''];
  return formatTable(header, rows, [1, 3, 4, 5]);
}
