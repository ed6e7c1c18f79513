import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { DATASET_PLACEHOLDER } from '../../../shared/config/rules/placeholder-warnings.ts';
import { configJsonSchema } from '../../../shared/config/schema/json-schema.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { explainFileError } from '../../../shared/explain-file-error.ts';
import { makeFolder } from '../../../shared/make-folder.ts';
import { calledAs } from '../../called-as.ts';
import type { CliContext } from '../../cli-context.ts';
import { keepOutOfVersionControl } from '../../ignore-files.ts';
import { globalOptions } from '../../options.ts';
import { quoted } from '../../quoted.ts';
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

# extractions:                        # catalogs to Atlan: docs/extraction.md, or ferry init --extraction
#   nightly-catalogs: { sources: [erp] }
`;

const EXTRACTION_TEMPLATE = `# yaml-language-server: $schema=./ferry.schema.json
# Which catalogs Ferry writes for Atlan. Check it with \`ferry validate\`, try it with \`ferry run catalogs --out out\`.
version: 1

defaults:
  schedule: { timezone: Europe/Berlin }

sources:
  erp:
    type: postgres # or mysql, also for MariaDB: then leave out \`databases\`, and write filters for "^def$"
    host: erp.example.org
    database: postgres # with \`databases: all\`, where the list of databases is read
    # The secret holds {"username": "…", "password": "…"}; the login needs CONNECT, and no right on tables.
    auth: { type: password, secret: ferry/erp }
    # tls: { mode: verify-full, ca: system }   # the default; ca: rds, or the path of a PEM file

extractions:
  catalogs:
    sources: [erp] # names, and patterns such as "hr-*"
    databases: all # or a list; without it, the database of the source
    # include: { "^erp$": ["^public$", "^sales_.*"] }   # schemas by database; ferry tree erp lists them
    exclude: { "^test_.*": "*" }
    # output: { bucket: city-catalogs, prefix: atlan }   # else .ferry/artifacts, or on AWS Ferry's own bucket
    schedule: { cron: "0 5 * * *" }
`;

interface InitCommandOptions {
  aws?: true;
  extraction?: true;
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
    .option('--extraction', 'one that exports catalogs to Atlan, instead of a sync')
    .option('--force', 'overwrite existing files')
    .option('--from-env <paths...>', "the connector's .env files, Kubernetes manifests, and folders of them")
    .option('--out <folder>', 'for --from-env: where to write ferry.yaml')
    .option('--secrets-out <file>', 'for --from-env: write the secrets to this file, for --secrets')
    .option('--aws', 'for --secrets-out: also print the commands that put the secrets into Secrets Manager')
    .action(async (argument: string, _options, command: Command) => {
      const {
        aws = false,
        extraction = false,
        force,
        fromEnv,
        out,
        secretsOut,
      } = command.opts<InitCommandOptions>();
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
      await write(target, files.config, extraction ? EXTRACTION_TEMPLATE : TEMPLATE, force === true);
      // The schema is generated, so there is no reason to keep an older one.
      await write(target, files.schema, `${JSON.stringify(configJsonSchema(), null, 2)}\n`, true);
      await keepOutOfVersionControl(target, ['.ferry/', '/secrets.json']);
      if (globalOptions(command).json) {
        context.stdout.write(`${JSON.stringify({ written: Object.values(files) })}\n`);
        return;
      }
      const ferry = calledAs(context.environment);
      const named = folder === '.' ? '' : ` --config ${quoted(join(folder, 'ferry.yaml'))}`;
      const secrets = ' --secrets secrets.json';
      const next = extraction
        ? [`tree erp --extraction catalogs${named}${secrets}`, `run catalogs --out out${named}${secrets}`]
        : [`run open-orders${named}${secrets}`];
      const token = extraction ? '' : ', "ferry/polyteia": "pak_…"';
      context.stdout.write(`Wrote ${files.config} and ${files.schema}.

Next, fill in your source, ${extraction ? 'filters' : 'dataset'} and schedule, and put the secrets into a JSON file, secrets.json:
  {"ferry/erp": {"username": "…", "password": "…"}${token}}

${[`validate${named}`, `check${named}${secrets}`, ...next].map((one) => `  ${ferry} ${one}\n`).join('')}`);
    });
}

async function write(folder: string, path: string, text: string, overwrite: boolean): Promise<void> {
  try {
    await makeFolder(folder);
    await writeFile(path, text, { flag: overwrite ? 'w' : 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    // What a full disk left of it would only be in the way.
    if (!exists && !overwrite) await rm(path, { force: true }).catch(() => {});
    throw new ConfigError(
      exists ? `${path} already exists.` : `${path} cannot be written${explainFileError(error).why}.`,
      {
        cause: error,
        ...(exists ? { hint: 'Use --force to overwrite it.' } : {}),
      },
    );
  }
}
