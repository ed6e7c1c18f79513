import { execFile } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';
import { access, constants, mkdtemp, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../scripts/build-image-files.ts';
import { startCollector } from '../support/telemetry/collector-stand-in.ts';

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

describe('the command line in the image', () => {
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry-program-'));
    program = join(folder, 'opt/ferry');
    await buildProgram(folder);
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('consists of its modules, that of telemetry, SQL, the pages of the API and the console, and the license', async () => {
    const files = (await readdir(program, { recursive: true })).filter(
      (file) => file !== 'sql' && file !== 'console',
    );
    const isPart = (file: string) => /-[A-Z\d]{8}\.mjs$/.test(file);
    expect(files.filter((file) => !file.endsWith('.sql') && !isPart(file)).sort()).toEqual([
      'LICENSE',
      'console/console.css',
      'console/console.js',
      'console/index.html',
      'ferry.mjs',
      'libpg-query.wasm',
      'open-otel.mjs',
      'swagger-ui-bundle.js',
      'swagger-ui.css',
    ]);
    const sql = globSync('shared/**/*.sql', { cwd: PROJECT }).map((path) => basename(path));
    expect(
      files
        .filter((file) => file.endsWith('.sql'))
        .map((file) => basename(file))
        .sort(),
    ).toEqual(sql.sort());
  });

  // Of a city's slow line, too, the page is there in a second.
  it('has a console of at most 150 kB, as it is sent', async () => {
    const files = ['console.js', 'console.css', 'index.html'];
    const sent = files.map((file) => gzipSync(readFileSync(join(program, 'console', file))).length);
    expect(Math.max(...sent)).toBeGreaterThan(10_000);
    expect(sent.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(150_000);
    const [script = ''] = files.map((file) => readFileSync(join(program, 'console', file), 'utf8'));
    for (const notice of [/Copyright \(c\) 2015-present Jason Miller/, /Copyright \(c\) \d+ Leon Sorokin/])
      expect(script).toMatch(notice);
  });

  it('is a program that the Node of the image starts', async () => {
    const entry = join(program, 'ferry.mjs');
    await access(entry, constants.X_OK);
    // Linux passes all that follows the program as one argument.
    const [, option = ''] = /^#!\/usr\/local\/bin\/node (.+)\n/.exec(await readFile(entry, 'utf8')) ?? [];
    const { stdout } = await run(process.execPath, [option, entry, '--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await readlink(join(folder, 'usr/local/bin/ferry'))).toBe('/opt/ferry/ferry.mjs');
  });

  it('runs on its own, with DuckDB next to it', async () => {
    await symlink(join(PROJECT, 'node_modules'), join(program, 'node_modules'));
    const { stdout } = await run(process.execPath, [join(program, 'ferry.mjs'), '--help'], { cwd: folder });
    expect(stdout).toContain('Usage: ferry');
  });

  it.each([
    ['--version', 120_000],
    ['validate --help', 850_000],
    ['run --help', 1_000_000],
  ])('`ferry %s` reads at most %d bytes of modules', async (args, most) => {
    const hooks = fileURLToPath(new URL('../support/processes/loaded-files.mjs', import.meta.url));
    const { stdout } = await run(process.execPath, [
      '--import',
      hooks,
      join(program, 'ferry.mjs'),
      ...args.split(' '),
    ]);
    const loaded: string[] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    const bytes = loaded.reduce((sum, file) => sum + statSync(file).size, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(most);
    const text = loaded.map((file) => readFileSync(file, 'utf8')).join('\n');
    // Clients of AWS are loaded by whoever asks AWS.
    expect(text).not.toMatch(/GetSecretValueCommand|AssumeRoleCommand|GetObjectCommand/);
  });

  it('sends telemetry where a collector is named', async () => {
    await using collector = await startCollector();
    const env = { PATH: process.env.PATH, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const failed = run(process.execPath, [join(program, 'ferry.mjs'), 'run-once', 'x'], { cwd: folder, env });
    await expect(failed).rejects.toMatchObject({ stderr: expect.stringContaining('ConfigError') });
    // Its own metrics, as nothing was run.
    expect(collector.paths()).toEqual(['/v1/metrics']);
    const holders = (await readdir(program)).filter(
      (file) =>
        file.endsWith('.mjs') &&
        readFileSync(join(program, file), 'utf8').includes('PeriodicExportingMetricReader'),
    );
    expect(holders).toEqual(['open-otel.mjs']);
  });

  it('has the clients that are imported when they are needed', async () => {
    const env = {
      PATH: process.env.PATH,
      AWS_ACCESS_KEY_ID: 'nobody',
      AWS_SECRET_ACCESS_KEY: 'nothing',
      FERRY_STATE: 's3://ferry-state',
      // Nothing listens there.
      FERRY_S3_ENDPOINT: 'http://127.0.0.1:1',
      FERRY_CONFIG: join(PROJECT, 'examples/ferry.yaml'),
    };
    const failed = run(process.execPath, [join(program, 'ferry.mjs'), 'run-once', 'x'], { cwd: folder, env });
    await expect(failed).rejects.toMatchObject({
      stderr: expect.stringContaining('bucket ferry-state cannot be reached (ECONNREFUSED)'),
    });
  });
});
