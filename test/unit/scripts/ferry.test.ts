import { execFile, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const COPIED = [
  'package-lock.json',
  'scripts/ferry.mjs',
  'scripts/bootstrap.mjs',
  'scripts/installed-packages.mjs',
  'shared/lock.mjs',
  'shared/duckdb/fetch-extensions.ts',
  'shared/duckdb/extension-hashes.ts',
];

// What Node 24 does in this copy: nothing for the preparations, and for the command line a run that can be stopped.
const NODE_24 = `#!/bin/sh
case "$1" in *fetch-extensions.ts) exit 0 ;; esac
trap 'echo stopped by INT; sleep 0.3; echo ended; exit 130' INT
trap 'echo stopped by TERM; sleep 0.3; echo ended; exit 130' TERM
echo "started $*"
while :; do sleep 0.1; done
`;
const OLD_NODE = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ferry script-'));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    await chmod(join(root, path), 0o755);
  };
  for (const path of COPIED) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(join(repository, path), join(root, path));
  }
  await write('bin/npm', '#!/bin/sh\nmkdir -p node_modules\n');
  await write('node_modules/.bin/node', NODE_24);
});
afterEach(() => rm(root, { recursive: true }));

// Starts processes.
describe('ferry.mjs on an older Node', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'passes %s to the run, and ends when that has ended',
    async (signal) => {
      const script = join(root, 'scripts/ferry.mjs');
      const child = spawn(
        process.execPath,
        ['--import', `data:text/javascript,${encodeURIComponent(OLD_NODE)}`, script, 'run', 'aufträge'],
        { env: { PATH: `${join(root, 'bin')}:${process.env.PATH}` }, stdio: ['ignore', 'pipe', 'ignore'] },
      );
      let output = '';
      child.stdout.on('data', (chunk) => {
        const before = output;
        output += String(chunk);
        if (!before.includes('started') && output.includes('started')) child.kill(signal);
      });
      const [code] = await new Promise<[number | null, string | null]>((resolve) => {
        child.on('close', (...ended) => resolve(ended));
      });
      const name = signal.slice('SIG'.length);
      expect(output.split('\n').slice(1)).toEqual([`stopped by ${name}`, 'ended', '']);
      expect(output).toMatch(
        /^started --min-semi-space-size=2 --max-semi-space-size=8 .*ferry\.mjs run aufträge\n/,
      );
      expect(code).toBe(130);
    },
  );
});

it('starts beside a link to nothing, as Emacs makes one beside a file that is being edited', async () => {
  for (const folder of ['cli', 'console', 'infra/code']) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'package.json'), '{}');
  await symlink('somebody@host.4711:1', join(root, 'cli/.#main.ts'));
  await writeFile(
    join(root, 'scripts/build-program.ts'),
    "import { mkdirSync, writeFileSync } from 'node:fs'; const folder = process.argv[2] ?? ''; mkdirSync(folder, { recursive: true }); writeFileSync(folder + '/ferry.mjs', \"console.log('started')\");",
  );
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'scripts/ferry.mjs')]);
  expect(stdout).toBe('started\n');
});
