import { tmpdir } from 'node:os';
import { Command } from 'commander';
import { sourcesOf } from '../../../shared/config/rules/extraction-sources.ts';
import type { FerryConfig, SourceConfig } from '../../../shared/config/schema/ferry-config.ts';
import { asSentence, unknownNameMessage } from '../../../shared/config/unknown-name.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { type DatabaseTree, readTree } from '../../../shared/extraction/catalog/read-tree.ts';
import { findExtraction } from '../../../shared/extraction/extraction-work.ts';
import type { Retry } from '../../../shared/runs/retry.ts';
import { createWorkspace } from '../../../shared/runs/workspace.ts';
import { catalogOf } from '../../../shared/source/catalog/catalog-registry.ts';
import { resolveLogin } from '../../../shared/source/credentials/credentials.ts';
import { dialectOf } from '../../../shared/source/registry.ts';
import { formatBytes, formatCount, formatDuration } from '../../../shared/text/format.ts';
import type { CliContext } from '../../cli-context.ts';
import { sessionOptions } from '../../local/session-options.ts';
import { globalOptions, openSecrets, readConfig } from '../../options.ts';
import { createCounter } from '../../output/counter.ts';
import { createTable } from '../../output/growing-table.ts';
import { printWarnings } from '../../output/output.ts';
import { escapeUnseen } from '../../output/show-value.ts';

/** `ferry tree <source>`: what exists on a source's server, by the names that filters match. */
export function treeCommand(context: CliContext): Command {
  const { stdout, stderr } = context;
  return new Command('tree')
    .description('list the databases and schemas on the server of a source, to help write extraction filters')
    .argument('<source>', 'name of the source')
    .option('--extraction <name>', 'show only the schemas that the filters of this extraction keep')
    .action(async (name: string, { extraction: job }: { extraction?: string }, command: Command) => {
      const options = globalOptions(command);
      const loaded = await readConfig(options, context);
      printWarnings(stderr, loaded.warnings);
      const source = sourceNamed(name, loaded.config);
      const filters = job === undefined ? {} : { filters: filtersOf(job, name, loaded.config) };
      const secrets = await openSecrets(options, loaded, context);
      await using workspace = await createWorkspace(tmpdir());
      const login = await resolveLogin(name, source, secrets, dialectOf(source).defaultPort);
      const ownDatabase = catalogOf(source).place.own(login);
      const { folder } = workspace;
      const counter = createCounter(stderr, 'database');
      const onRetry = ({ error, waitMs }: Retry) => {
        counter.clear();
        stderr.write(`  ${error.message} Trying again in ${formatDuration(waitMs)}.\n`);
      };
      const reading = { ...sessionOptions(context), source, login, folder, ...filters, onRetry };
      try {
        if (options.json) {
          const tree = await readTree({ ...reading, onList: counter.begin, onDatabase: counter.count });
          counter.end();
          stdout.write(`${JSON.stringify({ source: name, databases: tree }, null, 2)}\n`);
          return;
        }
        const table = createTable(stdout, HEADER, [1, 3, 4, 5]);
        const tree = await readTree({
          ...reading,
          onList(names) {
            const known = names.map((database) =>
              nameOf({ name: database, isDefault: database === ownDatabase }),
            );
            table.begin(known.map((database) => [database, ...USUAL]));
            counter.begin(names);
          },
          onDatabase(database) {
            counter.clear();
            table.add(rowsOf(database, job !== undefined));
            counter.count();
          },
        });
        counter.clear();
        if (tree.length > FEW) stdout.write(`\n${summaryOf(tree, job !== undefined)}\n`);
      } finally {
        counter.end();
      }
    });
}

function sourceNamed(name: string, { sources }: FerryConfig): SourceConfig {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (source) return source;
  throw new ConfigError(asSentence(unknownNameMessage('source', name, Object.keys(sources))));
}

function filtersOf(job: string, source: string, config: FerryConfig) {
  const { extraction } = findExtraction(config, job);
  if (sourcesOf(config, extraction).includes(source)) return extraction;
  throw new ConfigError(`The extraction "${job}" does not read the source "${source}".`);
}

const HEADER = ['DATABASE', 'SIZE', 'SCHEMA', 'TABLES', 'VIEWS', 'ROUTINES', ''];
/** Sizes and names of schemas are rarely wider than this. */
const USUAL = ['999.9 MB', ' '.repeat(20)];

/** So many databases need no sum. */
const FEW = 5;

/** `40 databases: 39 read, 1 not.`, and with filters how many they keep. */
export function summaryOf(tree: readonly DatabaseTree[], filtered: boolean): string {
  const read = tree.filter(({ refusal }) => refusal === undefined);
  const kept = read.filter(({ schemas }) => schemas.some(({ inScope }) => inScope)).length;
  const unread = tree.length - read.length;
  const facts = [
    `${formatCount(read.length)} read`,
    ...(unread > 0 ? [`${formatCount(unread)} not`] : []),
    ...(filtered ? [`the filters keep something of ${formatCount(kept)}`] : []),
  ];
  return `${formatCount(tree.length, 'database')}: ${facts.join(', ')}.`;
}

const nameOf = ({ name, isDefault }: Pick<DatabaseTree, 'name' | 'isDefault'>) =>
  `${escapeUnseen(name)}${isDefault ? ' (default)' : ''}`;

function rowsOf(tree: DatabaseTree, filtered: boolean): string[][] {
  const { bytes, schemas, refusal, leftOut = [], limits = [] } = tree;
  const size = bytes === undefined ? '' : formatBytes(bytes);
  const database = nameOf(tree);
  const note = refusal ?? (schemas.length + leftOut.length === 0 ? 'no schemas of its own' : undefined);
  const limitRows = limits.map((limit) => ['', '', '', '', '', '', escapeUnseen(limit)]);
  if (note !== undefined) return [[database, size, '', '', '', '', note], ...limitRows];
  const rows = [
    ...schemas.map((schema) => [
      escapeUnseen(schema.name),
      ...[schema.tables, schema.views, schema.routines].map((count) => formatCount(count)),
      filtered && !schema.inScope ? 'left out by the filters' : '',
    ]),
    ...leftOut.map((warning) => ['', '', '', '', escapeUnseen(warning)]),
  ];
  return [
    ...rows.map((row, index) => [...(index === 0 ? [database, size] : ['', '']), ...row]),
    ...limitRows,
  ];
}
