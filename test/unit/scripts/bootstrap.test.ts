import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { arePackagesInstalled } from '../../../scripts/installed-packages.mjs';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../..', import.meta.url));
const one = { version: '1.0.0', integrity: 'sha512-1' };
const elsewhere = { ...one, optional: true, os: ['plan9'], cpu: ['mips'] };
const here = { ...one, optional: true, os: [process.platform], cpu: [process.arch] };
const wanted = { '': { name: 'ferry' }, 'node_modules/one': one, 'node_modules/elsewhere': elsewhere };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ferry bootstrap-'));
  await write('package-lock.json', { packages: wanted });
});
afterEach(() => rm(root, { recursive: true }));

async function write(path: string, content: unknown): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

/** As npm leaves it. */
async function install(packages: object): Promise<void> {
  await write('node_modules/.package-lock.json', { packages });
  await write('node_modules/node/bin/node', '');
}

describe('arePackagesInstalled', () => {
  it('recognises what npm ci leaves behind, no matter who ran it', async () => {
    expect(arePackagesInstalled(root)).toBe(false);
    await install({ 'node_modules/one': one });
    expect(arePackagesInstalled(root)).toBe(true);
  });

  it.each([
    ['a package is missing', {}],
    ['a package is of another version', { 'node_modules/one': { ...one, version: '1.0.1' } }],
    ['a package has another content', { 'node_modules/one': { ...one, integrity: 'sha512-2' } }],
    ['there is one package more', { 'node_modules/one': one, 'node_modules/two': one }],
  ])('is false when %s', async (_, packages) => {
    await install(packages);
    expect(arePackagesInstalled(root)).toBe(false);
  });

  it('is false when a package of this platform is missing, as after a move from another one', async () => {
    await write('package-lock.json', { packages: { ...wanted, 'node_modules/here': here } });
    await install({ 'node_modules/one': one });
    expect(arePackagesInstalled(root)).toBe(false);
  });

  it('is false when install scripts were not run', async () => {
    await install({ 'node_modules/one': one });
    await rm(join(root, 'node_modules/node'), { recursive: true });
    expect(arePackagesInstalled(root)).toBe(false);
  });
});

// Starts processes.
describe('bootstrap.mjs', () => {
  /** Runs `echo` by the script, with an npm that notes its calls and installs what is wanted, or less. */
  async function bootstrap(installs: object = { 'node_modules/one': one }): Promise<string> {
    await write(
      'bin/npm',
      `#!/bin/sh
echo "$@" >>'${root}/calls'
sleep 0.2
mkdir -p node_modules/node/bin
: >node_modules/node/bin/node
echo '${JSON.stringify({ packages: installs })}' >node_modules/.package-lock.json
`,
    );
    await chmod(join(root, 'bin/npm'), 0o755);
    const env = { PATH: [join(root, 'bin'), process.env.PATH].join(delimiter) };
    const script = join(root, 'scripts/bootstrap.mjs');
    const { stdout } = await run(process.execPath, [script, 'echo', 'ready'], { env });
    return stdout;
  }
  const calls = async () => (await readFile(join(root, 'calls'), 'utf8')).trim().split('\n').length;

  beforeEach(async () => {
    for (const folder of ['scripts', 'shared']) await mkdir(join(root, folder));
    for (const path of ['scripts/bootstrap.mjs', 'scripts/installed-packages.mjs', 'shared/lock.mjs'])
      await copyFile(join(repository, path), join(root, path));
  });

  it('installs the packages once, also when two commands start in a fresh clone at once', async () => {
    expect(await Promise.all([bootstrap(), bootstrap()])).toEqual(['ready\n', 'ready\n']);
    expect(await calls()).toBe(1);
  });

  it('installs nothing that somebody has installed with npm ci, and again what has changed', async () => {
    await install({ 'node_modules/one': one });
    await write('calls', '');
    await bootstrap();
    expect(await readFile(join(root, 'calls'), 'utf8')).toBe('');
    await write('package-lock.json', { packages: { ...wanted, 'node_modules/two': one } });
    await bootstrap({ 'node_modules/one': one, 'node_modules/two': one });
    expect(await calls()).toBe(1);
  });

  it('does not install repeatedly when npm leaves out more than expected', async () => {
    await bootstrap({});
    await bootstrap({});
    expect(await calls()).toBe(1);
  });
});
