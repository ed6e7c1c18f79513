import { existsSync } from 'node:fs';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FileSystem } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { buildLambdaCode } from '../../../infra/build-lambda-code.ts';
import { root } from '../../../infra/code/root.ts';
import { duckdbVersion, EXTENSION_NAMES } from '../../../shared/duckdb/fetch-extensions.ts';

// Lambda's own limit is 250 MiB unzipped; the rest is for what is still to come.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MAXIMUM_BYTES = 190_000_000;
const JOBS = ['sync', 'extract'] as const;
// e_machine of an ELF header: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
const MACHINES = new Map([
  [0x3e, 'x86_64'],
  [0xb7, 'arm64'],
]);
// What a function reads before its first event, in bytes: each megabyte takes 60 ms of a processor.
const MAXIMUM_HANDLER_BYTES = { sync: 3_300_000, extract: 2_450_000, api: 1_750_000, watchdog: 1_500_000 };
const NATIVE = /\.(node|so|duckdb_extension)$/;

/** The processor that an ELF file is for; undefined for any other file. */
async function elfMachine(path: string): Promise<string | undefined> {
  await using file = await open(path);
  const { buffer: header } = await file.read(Buffer.alloc(20), 0, 20, 0);
  if (header.readUInt32BE(0) !== 0x7f454c46) return undefined;
  return MACHINES.get(header.readUInt16LE(18));
}

export async function assertTelemetryIsApart(handler: string): Promise<void> {
  const code = await readFile(handler, 'utf8');
  expect(code).toMatch(/import\("\.\/open-otel\.mjs"\)/);
  expect(code).not.toMatch(/PeriodicExportingMetricReader|BatchSpanProcessor|PrometheusSerializer/);
}

/** Everything added to a handler slows down each of its starts: what is rarely needed belongs in a file of its own. */
export async function assertLean(folder: string, name: keyof typeof MAXIMUM_HANDLER_BYTES): Promise<void> {
  const path = join(folder, `${name}.mjs`);
  expect((await stat(path)).size).toBeLessThan(MAXIMUM_HANDLER_BYTES[name]);
  // The configuration of a function is JSON: the parser of YAML stays out.
  expect(await readFile(path, 'utf8')).not.toMatch(/YAMLParseError/);
}

export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** What the code of the jobs must be like, built for a processor. */
export function describeLambdaCode(architecture: 'arm64' | 'x86_64'): void {
  const duckdb = architecture === 'arm64' ? 'linux_arm64' : 'linux_amd64';
  describe(`the code for ${architecture}`, () => {
    it('fits into a function, and all of its native parts fit the processor', async () => {
      const folder = await buildLambdaCode(architecture, EXTENSION_NAMES);
      const files = await filesBelow(folder);
      const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAXIMUM_BYTES);

      const native = files.filter((path) => NATIVE.test(path));
      // The client, DuckDB itself, and the extensions.
      expect(native).toHaveLength(2 + EXTENSION_NAMES.length);
      expect(await Promise.all(native.map(elfMachine))).toEqual(native.map(() => architecture));
      const extensions = EXTENSION_NAMES.map((name) =>
        join('extensions', duckdbVersion(), duckdb, `${name}.duckdb_extension`),
      );
      for (const file of [
        ...JOBS.map((name) => `${name}.mjs`),
        'open-otel.mjs',
        'postgres-describe.sql',
        'postgres-relation-count.sql',
        ...extensions,
      ])
        expect(existsSync(join(folder, file))).toBe(true);
    });

    it('reads the clients that are rarely needed only when they are', async () => {
      const folder = await buildLambdaCode(architecture, EXTENSION_NAMES);
      for (const handler of ['sync.mjs', 'extract.mjs']) {
        const code = await readFile(join(folder, handler), 'utf8');
        expect(code).toMatch(/import\("\.\/postgres-refusal\.mjs"\)/);
        expect(code).toMatch(/import\("\.\/mysql-refusal\.mjs"\)/);
        expect(code).not.toMatch(/SCRAM-SHA-256-PLUS|ER_ACCESS_DENIED_ERROR/);
      }
      for (const handler of JOBS) await assertTelemetryIsApart(join(folder, `${handler}.mjs`));
      for (const handler of JOBS) await assertLean(folder, handler);
      const login = {
        host: '127.0.0.1',
        address: '127.0.0.1',
        port: 1,
        database: 'x',
        username: 'x',
        password: 'x',
      };
      const open = (name: string) => import(pathToFileURL(join(folder, name)).href);
      const tls = { mode: 'disable', caFile: undefined };
      const { askPostgresRefusal } = await open('postgres-refusal.mjs');
      expect(await askPostgresRefusal(login, tls)).toBeUndefined();
      const { askMysqlRefusal } = await open('mysql-refusal.mjs');
      expect(await askMysqlRefusal(login, tls)).toBeUndefined();
    });

    it('has the parser of Postgres, and reads it only for a large table', async () => {
      const folder = await buildLambdaCode(architecture, EXTENSION_NAMES);
      const code = await readFile(join(folder, 'sync.mjs'), 'utf8');
      expect(code).toMatch(/import\("\.\/parse-postgres\.mjs"\)/);
      expect(code).not.toContain('libpg-query.wasm');
      const { parsePostgres } = await import(pathToFileURL(join(folder, 'parse-postgres.mjs')).href);
      expect(await parsePostgres('SELECT 1')).toMatchObject([{ SelectStmt: { op: 'SETOP_NONE' } }]);
    });

    it('has the same hash when it is built again, so that it is not uploaded again', async () => {
      const first = FileSystem.fingerprint(await buildLambdaCode(architecture, EXTENSION_NAMES));
      // The bundle is kept, and would be the same in any case.
      await rm(join(root, '.cache', 'bundles', 'jobs', 'made-from'), { force: true });
      expect(FileSystem.fingerprint(await buildLambdaCode(architecture, EXTENSION_NAMES))).toBe(first);
    });
  });
}
