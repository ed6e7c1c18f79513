import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = new URL('../../support/temporary-root.ts', import.meta.url).href;
const SCRIPT = `const { setup, teardown } = await import('${ROOT}'); setup({ name: 'unit' }); teardown();`;
// Above all that Linux gives out.
const FIRST_PID = 4_194_305;

it('of several runs that begin at once, each may remove what killed ones have left', async () => {
  const place = await mkdtemp(join(tmpdir(), 'ferry runs ü '));
  try {
    for (let pid = FIRST_PID; pid < FIRST_PID + 200; pid += 1) {
      const left = join(place, `ferry-tests-${hostname()}-${pid}`, 'data');
      await mkdir(left, { recursive: true });
      await writeFile(join(left, 'file'), '');
    }
    const { FERRY_TEST_TMPDIR: _, ...env } = process.env;
    const begin = () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
        env: { ...env, TMPDIR: place },
      });
    await Promise.all([begin(), begin(), begin(), begin()]);
    expect(await readdir(place)).toEqual([]);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
});
