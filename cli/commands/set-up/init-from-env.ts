import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { findConnectors, labelSeenFrom } from '../../../shared/config/go-connector/find-connectors.ts';
import { mergeConnectors } from '../../../shared/config/go-connector/merge-connectors.ts';
import {
  missingSecrets,
  secretCommands,
  unknownSecrets,
  writeSecretsFile,
} from '../../../shared/config/go-connector/secret-commands.ts';
import { writeFerryYaml } from '../../../shared/config/go-connector/write-ferry-yaml.ts';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { configJsonSchema } from '../../../shared/config/schema/json-schema.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { explainFileError } from '../../../shared/explain-file-error.ts';
import { makeFolder } from '../../../shared/make-folder.ts';
import { formatCount } from '../../../shared/text/format.ts';
import { calledAs } from '../../called-as.ts';
import type { CliContext } from '../../cli-context.ts';
import { EXIT } from '../../exit-codes.ts';
import { keepOutOfVersionControl } from '../../ignore-files.ts';
import { printWarnings } from '../../output/output.ts';
import { quoted } from '../../quoted.ts';

interface InitFromEnvOptions {
  /** Files and folders to read. */
  paths: readonly string[];
  /** Folder to write ferry.yaml into. */
  folder: string;
  /** Where to store the secrets, if anywhere. */
  secretsOut: string | undefined;
  force: boolean;
  /** Whether to print the commands for Secrets Manager although the secrets were stored. */
  aws: boolean;
  json: boolean;
}

/**
 * `ferry init --from-env`: makes one ferry.yaml from the Go connector's deployments. Everything is checked before
 * anything is written.
 */
export async function initFromEnv(options: InitFromEnvOptions, context: CliContext): Promise<void> {
  const { stdout, stderr } = context;
  const found = await findConnectors(options.paths, context.folder);
  if (found.connectors.length === 0) {
    throw new ConfigError(`No connector could be converted from ${options.paths.join(', ')}.`, {
      hint: [
        ...found.leftOut,
        ...found.warnings,
        'Expected: .env files, Kubernetes manifests, or folders of them.',
      ].join('\n    '),
    });
  }
  const folder = resolve(context.folder, options.folder);
  const merged = mergeConnectors(found.connectors);
  const labels = Object.entries(merged.labels).map(([job, label]) => [
    job,
    labelSeenFrom(folder, label, found.files),
  ]);
  const text = writeFerryYaml({ ...merged, labels: Object.fromEntries(labels) });
  // Checks that the text can be read back, before anything is written.
  parseConfig(text, 'the new ferry.yaml', 'undecided');

  const config = join(folder, 'ferry.yaml');
  const schema = join(folder, 'ferry.schema.json');
  const secrets = options.secretsOut === undefined ? undefined : resolve(context.folder, options.secretsOut);
  const files = [
    { path: config, text, overwrite: options.force },
    ...(secrets
      ? [{ path: secrets, text: writeSecretsFile(merged.secrets), overwrite: options.force, mode: 0o600 }]
      : []),
    // The schema is generated, so there is no reason to keep an older one.
    { path: schema, text: `${JSON.stringify(configJsonSchema(), null, 2)}\n`, overwrite: true },
  ];
  for (const file of files) await assertWritable(file);
  for (const file of files) await replaceFile(file);
  // A file of secrets next to it must not be committed with it.
  const ignored = secrets === undefined ? '/secrets.json' : relative(folder, secrets);
  await keepOutOfVersionControl(folder, [
    '.ferry/',
    ...(ignored.startsWith('..') || isAbsolute(ignored) ? [] : [`/${ignored.replace(/^\//, '')}`]),
  ]);

  const commands = secretCommands(merged.secrets, options.secretsOut);
  const unknown = unknownSecrets(merged.secrets);
  const warnings = [...found.leftOut, ...found.warnings, ...merged.warnings];
  if (secrets && unknown.length > 0)
    warnings.push(
      `not in ${options.secretsOut}, because the given files do not contain them: ${unknown.join(', ')}`,
    );
  printWarnings(stderr, warnings);
  // A script must be able to tell that only some of them moved.
  if (found.leftOut.length > 0) context.setExitCode(EXIT.partial);
  const counts = {
    syncs: Object.keys(merged.syncs).length,
    sources: Object.keys(merged.sources).length,
    targets: Object.keys(merged.polyteia).length,
  };
  if (options.json) {
    const written = files.map(({ path }) => path);
    const { leftOut } = found;
    const answer = { written, ...counts, leftOut, secretCommands: commands, warnings };
    stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  const configPath = quoted(join(options.folder, 'ferry.yaml'));
  const named = options.folder === '.' ? '' : ` --config ${configPath}`;
  const withSecrets = options.secretsOut === undefined ? '' : ` --secrets ${quoted(options.secretsOut)}`;
  const ferry = calledAs(context.environment);
  // On a server, the file is all that is needed.
  const printsCommands = secrets === undefined || options.aws;
  const toAdd =
    printsCommands || options.secretsOut === undefined
      ? ''
      : describeMissing(missingSecrets(merged.secrets), options.secretsOut);
  const toSecretsManager = printsCommands
    ? `On AWS, put the secrets into Secrets Manager:\n\n${commands.map((command) => `  ${command}\n`).join('')}\n`
    : '';
  const leftOut = found.leftOut.length;
  const all = counts.syncs + leftOut;
  const missing =
    leftOut === 0 ? '' : `, ${leftOut} left out (the warnings say why, and the exit code is ${EXIT.partial})`;
  stdout.write(`Took over ${counts.syncs} of ${all}${missing}.
Wrote ${config}: ${formatCount(counts.syncs, 'sync')}, ${formatCount(counts.sources, 'source')}, ${formatCount(counts.targets, 'Polyteia target')}.
${secrets ? `Wrote ${secrets}, which holds the secrets: keep it out of version control.\n` : ''}
${toAdd}${toSecretsManager}Next:

  ${ferry} validate${named}
  ${ferry} check${named}${withSecrets}
${printsCommands ? '' : '\nOn AWS the secrets are kept in Secrets Manager: the same command with --aws prints those that put them there.\n'}`);
}

/** How to add the secrets that the given files do not hold to the file of secrets. */
function describeMissing(missing: ReturnType<typeof missingSecrets>, file: string): string {
  if (missing.length === 0) return '';
  const lines = missing.map(({ name, form, command }) =>
    command === undefined
      ? `  ${JSON.stringify(name)}: ${form}\n`
      : `  ${JSON.stringify(name)}: what this prints\n    ${command}\n`,
  );
  return `Add to ${quoted(file)}:\n\n${lines.join('')}\n`;
}

interface NewFile {
  path: string;
  text: string;
  overwrite: boolean;
  mode?: number;
}

/** An existing file with exactly the same content is as good as a new one. */
async function assertWritable({ path, text, overwrite }: NewFile): Promise<void> {
  if (overwrite) return;
  const existing = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new ConfigError(`${path} cannot be read.`, { cause: error });
  });
  if (existing !== undefined && existing !== text) {
    throw new ConfigError(`${path} already exists with different content.`, {
      hint: 'Use --force to overwrite it, or --out to write to another folder.',
    });
  }
}

async function replaceFile({ path, text, mode = 0o666 }: NewFile): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    await makeFolder(dirname(path));
    // Created new, because others may be able to read an existing file, or it may be a link.
    await writeFile(draft, text, { flag: 'wx', mode });
    if (mode !== 0o666) await chmod(draft, mode);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw new ConfigError(`${path} cannot be written${explainFileError(error).why}.`, { cause: error });
  }
}
