import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findTool } from '../../support/tools/find-tool.ts';
import { installTool } from '../../support/tools/install/install-tool.ts';
import { startByOwnLoader } from '../../support/tools/install/loader-scripts.ts';
import { placeForUser } from '../../support/tools/install/place-for-user.ts';
import { cache } from '../../support/tools/install/surroundings.ts';
import { type Tool, urlVariable } from '../../support/tools/tool.ts';

const run = promisify(execFile);
const PROGRAM = 'ferry-tested-tool';

let folder: string;
let tool: Tool<typeof PROGRAM>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry tools-'));
  tool = {
    name: `tested-${randomUUID()}`,
    title: 'A tool',
    programs: [PROGRAM],
    version: /^tool 1\./,
    debian: { suite: 'bookworm', packages: ['tool-server'] },
  };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
  await rm(join(cache, tool.name), { recursive: true, force: true });
});

async function writeProgram(path: string, prints: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), `#!/bin/sh\necho ${prints}\n`);
  await chmod(join(folder, path), 0o755);
}

/** An archive as a maker ships it. */
async function makeArchive(version: string): Promise<string> {
  const name = `tool ${version}`;
  await writeProgram(`${name}/bin/${PROGRAM}`, `tool ${version}`);
  await run('tar', ['-czf', `${name}.tgz`, name], { cwd: folder });
  return join(folder, `${name}.tgz`);
}

// Starts processes.
describe('a tool of the tests', () => {
  it('comes from the archive that its variable names, once for all that ask for it at a time', async () => {
    vi.stubEnv(urlVariable(tool), await makeArchive('2.0'));
    // As a process that was killed leaves them.
    await mkdir(join(cache, tool.name, 'draft', 'unpacked'), { recursive: true });
    await mkdir(join(cache, `${tool.name}.lock`));
    const [first, second] = await Promise.all([installTool(tool), installTool(tool)]);
    expect(second).toEqual(first);
    const { programs, version } = await findTool(tool);
    expect(version).toBe('tool 2.0');
    expect(programs[PROGRAM]).toBe(join(first.folder, 'bin', PROGRAM));
    expect(await readdir(join(cache, tool.name))).toHaveLength(2);
    expect(existsSync(join(cache, `${tool.name}.lock`))).toBe(false);

    vi.stubEnv(urlVariable(tool), await makeArchive('3.0'));
    const { programs: next } = await installTool(tool);
    expect(next[PROGRAM]).toBe(`bin/${PROGRAM}`);
  });

  it('says what to do when the archive does not contain it', async () => {
    await writeProgram('other/bin/another', 'tool 1.0');
    await run('tar', ['-cf', 'other.tar', 'other'], { cwd: folder });
    vi.stubEnv(urlVariable(tool), `file://${encodeURI(join(folder, 'other.tar'))}`);
    await expect(findTool(tool)).rejects.toThrow(
      /A tool could not be fetched: .*holds no ferry-tested-tool.*apt-get install tool-server.*FERRY_TEST_TESTED_/,
    );
    expect(await readdir(join(cache, tool.name))).toEqual([]);
  });

  it('is the machine’s own if that has the version of the tests', async () => {
    await writeProgram(`bin/${PROGRAM}`, 'tool 1.7');
    vi.stubEnv('PATH', join(folder, 'bin'));
    expect(await findTool(tool)).toEqual({
      version: 'tool 1.7',
      root: '/',
      programs: { [PROGRAM]: join(folder, 'bin', PROGRAM) },
    });
  });

  it.each([
    [/^tool /, 'tool 2.0'],
    [undefined, undefined],
  ])(
    'of another version is the machine’s own only if nothing can be fetched, and if it is good enough: %s',
    async (otherVersion, found) => {
      await writeProgram(`bin/${PROGRAM}`, 'tool 2.0');
      // Without apt-get.
      vi.stubEnv('PATH', join(folder, 'bin'));
      const search = findTool({ ...tool, ...(otherVersion && { otherVersion }) });
      if (found) expect(await search).toMatchObject({ version: found });
      else await expect(search).rejects.toThrow(/no apt-get to fetch it with.*apt-get install tool-server/);
    },
  );
});

describe('startByOwnLoader', () => {
  it('starts programs by the loader next to them, wherever the folder is moved to', async () => {
    // This one only says how it was called.
    await writeProgram('packages/lib/any-linux/ld-linux-any.so.2', '"$*"');
    await writeProgram(`packages/usr/lib/tool/bin/${PROGRAM}`, 'never');
    startByOwnLoader(join(folder, 'packages'), [`usr/lib/tool/bin/${PROGRAM}`]);
    await rename(join(folder, 'packages'), join(folder, 'moved there'));
    const bin = join(folder, 'moved there/usr/lib/tool/bin');
    const { stdout } = await run(join(bin, PROGRAM), ['--option', 'a  value']);
    expect(stdout).toBe(
      `--library-path ${bin}/../../any-linux:${bin}/../../../../lib/any-linux --argv0 ${bin}/${PROGRAM} ${bin}/${PROGRAM}.original --option a  value\n`,
    );
  });
});

describe('placeForUser', () => {
  it('copies what the user cannot run, once, over what a killed copy left', async () => {
    await writeProgram(`home/${PROGRAM}`, 'tool');
    const home = join(folder, 'home');
    const name = `ferry-${tool.name}`;
    const copy = join(tmpdir(), name);
    await mkdir(`${copy}.draft`);
    await writeFile(join(`${copy}.draft`, 'half'), '');
    const canRun = async (place: string) => place !== home && existsSync(join(place, PROGRAM));
    try {
      const places = await Promise.all([placeForUser(home, name, canRun), placeForUser(home, name, canRun)]);
      expect(places).toEqual([copy, copy]);
      expect(await readdir(copy)).toEqual([PROGRAM]);
      expect((await readdir(tmpdir())).filter((entry) => entry.startsWith(name))).toEqual([name]);
      await expect(placeForUser(home, name, async () => false)).rejects.toThrow('cannot run');
    } finally {
      for (const end of ['', '.draft', '.lock']) await rm(copy + end, { recursive: true, force: true });
    }
  });
});
