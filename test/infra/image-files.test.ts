import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { access, constants, mkdtemp, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../scripts/build-image-files.ts';

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

  it('consists of one module, SQL and the license', async () => {
    const files = await readdir(program);
    expect(files.filter((file) => !file.endsWith('.sql')).sort()).toEqual(['LICENSE', 'ferry.mjs']);
    const sql = globSync('shared/**/*.sql', { cwd: PROJECT }).map((path) => basename(path));
    expect(files.filter((file) => file.endsWith('.sql')).sort()).toEqual(sql.sort());
  });

  it('is a program that the Node of the image starts', async () => {
    const entry = join(program, 'ferry.mjs');
    await access(entry, constants.X_OK);
    expect(await readFile(entry, 'utf8')).toMatch(/^#!\/usr\/local\/bin\/node /);
    expect(await readlink(join(folder, 'usr/local/bin/ferry'))).toBe('/opt/ferry/ferry.mjs');
  });

  it('runs on its own, with DuckDB next to it', async () => {
    await symlink(join(PROJECT, 'node_modules'), join(program, 'node_modules'));
    const { stdout } = await run(process.execPath, [join(program, 'ferry.mjs'), '--help'], { cwd: folder });
    expect(stdout).toContain('Usage: ferry');
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
