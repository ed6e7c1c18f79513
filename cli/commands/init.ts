import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { DATASET_PLACEHOLDER } from '../../shared/config/rules/placeholder-warnings.ts';
import { configJsonSchema } from '../../shared/config/schema/json-schema.ts';
import { ConfigError } from '../../shared/errors.ts';
import { explainFileError } from '../../shared/explain-file-error.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { calledAs } from '../called-as.ts';
import type { CliContext } from '../cli-context.ts';
import { keepOutOfVersionControl } from '../ignore-files.ts';
import { globalOptions } from '../options.ts';
import { quoted } from '../quoted.ts';
import { initFromEnv } from './init-from-env.ts';

const TEMPLATE = `# yaml-language-server: $schema=./ferry.schema.json
# What Ferry copies, from where and to where. Check it with \`ferry validate\`, try it with \`ferry run <sync>\`.
version: 1

defaults:
  schedule: { timezone: Europe/Berlin }

sources:
  erp:
    type: postgres
    host: erp.example.org
    database: erp
    # The secret holds {"username": "…", "password": "…"}; use a login that may only SELECT.
    auth: { type: password, secret: ferry/erp }
    # tls: { mode: verify-full, ca: system }   # the default; ca: rds, or the path of a PEM file

polyteia:
  default: { token: ferry/polyteia } # secret with a personal access key

syncs:
  open-orders:
    source: erp
    query: SELECT * FROM orders WHERE status = 'open'
    dataset: ${DATASET_PLACEHOLDER}
    schedule: { cron: "30 4 * * *" }

# extractions:                        # catalogs to Atlan: docs/extraction.md
#   nightly-catalogs: { sources: [erp] }
`;

interface InitCommandOptions {
  aws?: true;
  force?: true;
  fromEnv?: string[];
  out?: string;
  secretsOut?: string;
}

/** `ferry init`: writes a first ferry.yaml, and the schema that editors complete it with. */
export function initCommand(context: CliContext): Command {
  return new Command('init')
    .description('write a first ferry.yaml, or convert the configuration of the Go connector')
    .argument('[folder]', 'where to write it', '.')
    .option('--force', 'overwrite existing files')
    .option('--from-env <paths...>', "the connector's .env files, Kubernetes manifests, and folders of them")
    .option('--out <folder>', 'for --from-env: where to write ferry.yaml')
    .option('--secrets-out <file>', 'for --from-env: write the secrets to this file, for --secrets')
    .option('--aws', 'for --secrets-out: also print the commands that put the secrets into Secrets Manager')
    .action(async (argument: string, _options, command: Command) => {
      const { aws = false, force, fromEnv, out, secretsOut } = command.opts<InitCommandOptions>();
      const folder = out ?? argument;
      if (fromEnv) {
        const json = globalOptions(command).json === true;
        await initFromEnv({ paths: fromEnv, folder, secretsOut, force: force === true, aws, json }, context);
        return;
      }
      if (secretsOut !== undefined)
        throw new ConfigError(
          '--secrets-out only works with --from-env: without it there are no secrets to write.',
        );
      const target = resolve(context.folder, folder);
      const files = {
        config: join(target, 'ferry.yaml'),
        schema: join(target, 'ferry.schema.json'),
        ignore: join(target, '.gitignore'),
      };
      await write(target, files.config, TEMPLATE, force === true);
      // The schema is generated, so there is no reason to keep an older one.
      await write(target, files.schema, `${JSON.stringify(configJsonSchema(), null, 2)}\n`, true);
      await keepOutOfVersionControl(target, ['.ferry/', '/secrets.json']);
      if (globalOptions(command).json) {
        context.stdout.write(`${JSON.stringify({ written: Object.values(files) })}\n`);
        return;
      }
      const ferry = calledAs(context.environment);
      const named = folder === '.' ? '' : ` --config ${quoted(join(folder, 'ferry.yaml'))}`;
      context.stdout.write(`Wrote ${files.config} and ${files.schema}.

Next, fill in your source, dataset and schedule, and put the secrets into a JSON file, secrets.json:
  {"ferry/erp": {"username": "…", "password": "…"}, "ferry/polyteia": "pak_…"}

  ${ferry} validate${named}
  ${ferry} check${named} --secrets secrets.json
  ${ferry} run open-orders${named} --secrets secrets.json
`);
    });
}

async function write(folder: string, path: string, text: string, overwrite: boolean): Promise<void> {
  try {
    await makeFolder(folder);
    await writeFile(path, text, { flag: overwrite ? 'w' : 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new ConfigError(
      exists ? `${path} already exists.` : `${path} cannot be written${explainFileError(error).why}.`,
      {
        cause: error,
        ...(exists ? { hint: 'Use --force to overwrite it.' } : {}),
      },
    );
  }
}
