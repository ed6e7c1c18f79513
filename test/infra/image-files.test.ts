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
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('consists of modules, SQL and the license', async () => {
    const files = await readdir(program);
    expect(files.filter((file) => !/\.(mjs|sql)$/.test(file))).toEqual(['LICENSE']);
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

  it('loads only what a command needs', async () => {
    const entry = await readFile(join(program, 'ferry.mjs'), 'utf8');
    expect(entry.length).toBeLessThan(20_000);
    expect(entry).not.toContain('@duckdb/node-api');
  });
});
