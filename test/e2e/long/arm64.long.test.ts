import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLambdaCode } from '../../../infra/build-lambda-code.ts';
import { bundle } from '../../../infra/code/bundle.ts';
import { hashOfFile, signedExtensions } from '../../../shared/duckdb/extension-hashes.ts';
import { EXTENSION_NAMES, extensionsFolder } from '../../../shared/duckdb/fetch-extensions.ts';
import { arm64Node } from '../../support/processes/arm64-node.ts';
import { readParquetWithPyarrow } from '../../support/readers/read-parquet.ts';

const run = promisify(execFile);

// What a sync does with DuckDB, without a source: its own client, the extensions, a Parquet file.
const COPY = `
import { DuckDBInstance } from ${JSON.stringify(createRequire(import.meta.url).resolve('@duckdb/node-api'))};
const [code, output] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { extension_directory: code + '/extensions' });
const connection = await instance.connect();
for (const name of ${JSON.stringify(EXTENSION_NAMES)})
  await connection.run('LOAD ' + name).catch((error) => {
    // Without a driver manager it cannot be loaded, which DuckDB tries once the signature is valid.
    if (!/libodbc/.test(error.message)) throw error;
  });
await connection.run("COPY (SELECT 42 AS id, 'Straßenbauamt' AS name, 99999999.99::DECIMAL(10,2) AS total) TO '" + output + "' (FORMAT parquet, COMPRESSION zstd)");
console.log(process.arch);
`;
// The bundle itself, as Lambda loads it.
const LOAD = `
const [code] = process.argv.slice(2);
for (const entry of ['sync', 'extract']) console.log(entry, typeof (await import(code + '/' + entry + '.mjs')).handler);
`;
const environment = {
  STATE_BUCKET: 's',
  CONFIG_BUCKET: 'c',
  CONFIG_KEY: 'k',
  STACK_NAME: 'Ferry',
  FUNCTIONS: 'f',
  LOG_LEVEL: 'error',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048',
  AWS_REGION: 'eu-central-1',
};

describe('the code for arm64, run as arm64', () => {
  let folder: string;
  let code: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry-arm64-'));
    code = await buildLambdaCode('arm64', EXTENSION_NAMES);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Bundled as the handlers are, and with DuckDB's native part from the code. */
  async function runScript(text: string, ...args: string[]): Promise<string> {
    await rm(join(folder, 'node_modules'), { force: true });
    await symlink(join(code, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'script.ts'), text);
    await bundle(folder, { entryPoints: { script: join(folder, 'script.ts') } });
    const script = join(folder, 'script.mjs');
    const { command, args: before } = await arm64Node();
    const env = { PATH: process.env.PATH, ...environment };
    const { stdout } = await run(command, [...before, script, code, ...args], { env, timeout: 240_000 });
    return stdout;
  }

  it('loads DuckDB and its extensions, and copies a row to a Parquet file', async () => {
    const file = join(folder, 'row.parquet');
    expect(await runScript(COPY, file)).toBe('arm64\n');
    expect(await readParquetWithPyarrow(file)).toMatchObject({
      columns: [{ type: 'int32' }, { type: 'string' }, { type: 'decimal128(10, 2)' }],
      rows: [[42, 'Straßenbauamt', '99999999.99']],
    });
    // DuckDB has checked their signatures.
    for (const name of EXTENSION_NAMES) {
      const extension = join(extensionsFolder('linux_arm64'), `${name}.duckdb_extension`);
      expect(signedExtensions).toContain(await hashOfFile(extension));
    }
  });

  it('has handlers that load', async () => {
    expect(await runScript(LOAD)).toBe('sync function\nextract function\n');
  });
});
