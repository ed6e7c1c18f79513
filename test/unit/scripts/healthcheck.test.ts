import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

// The command of the image's HEALTHCHECK, as Docker runs it beside the process, in the same folder.

const DOCKERFILE = fileURLToPath(new URL('../../../Dockerfile', import.meta.url));

let health: Server;
let port: string;
let script: string;
let folder: string;
beforeAll(async () => {
  const [, command = ''] =
    /^HEALTHCHECK [^\n]*\\\n\s+CMD (\[.*\])$/m.exec(await readFile(DOCKERFILE, 'utf8')) ?? [];
  [, , script = ''] = JSON.parse(command) as string[];
  health = createServer((_request, response) => response.end());
  await new Promise<void>((resolve) => health.listen(0, '127.0.0.1', resolve));
  port = String((health.address() as AddressInfo).port);
});
afterAll(() => health?.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry health ü '));
  return () => rm(folder, { recursive: true, force: true });
});

// Nothing listens there.
const WRONG = '1';

it.each([
  ['the environment', {}, 'PORT'],
  ['the environment, with white space', {}, ' PORT\n'],
  ['.env, which wins', { '.env': 'A=1\nHEALTH_CHECK_PORT=PORT\n' }, WRONG],
  ['.env, quoted', { '.env': "export HEALTH_CHECK_PORT = 'PORT' # health\r\n" }, WRONG],
  ['the environment beside a .env without it', { '.env': '# HEALTH_CHECK_PORT=1\nA=1\n' }, 'PORT'],
  [
    'the environment beside a ferry.yaml, which wins over .env',
    { 'ferry.yaml': '', '.env': 'HEALTH_CHECK_PORT=1' },
    'PORT',
  ],
  [
    'the file that FERRY_CONFIG names',
    { 'a.env': 'HEALTH_CHECK_PORT=PORT', 'ferry.yaml': '' },
    WRONG,
    'a.env',
  ],
])('the image asks the port of %s', async (_, files: Record<string, string>, set: string, named = '') => {
  for (const [file, text] of Object.entries(files))
    await writeFile(
      join(folder, file),
      text.replace('PORT=PORT', `PORT=${port}`).replace("'PORT'", `'${port}'`),
    );
  const env = { HEALTH_CHECK_PORT: set.replace('PORT', port), FERRY_CONFIG: named };
  const exitCode = await new Promise<unknown>((resolve) =>
    execFile(process.execPath, ['-e', script], { cwd: folder, env }, (error) => resolve(error?.code ?? 0)),
  );
  expect(exitCode).toBe(0);
});
