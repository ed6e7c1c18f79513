import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { shellBlocksOf } from '../../support/cli/shell-blocks.ts';
import { openShell, type ShellSession } from '../../support/cli/shell-session.ts';
import { freePort } from '../../support/processes/bound-process.ts';
import { MINISTACK } from '../../support/processes/python.ts';
import { copyOfRepository } from '../../support/stack/copy-of-repository.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const blocks = shellBlocksOf(await readFile(join(root, 'docs', 'local.md'), 'utf8'));

let folder: string;
let shell: ShellSession;

/** A configuration that nobody runs: the page ends with its deployment. */
const config = {
  version: 1,
  sources: {
    erp: {
      type: 'postgres',
      host: 'localhost',
      database: 'erp',
      auth: { type: 'password', secret: 'ferry/erp' },
    },
  },
  polyteia: { default: { token: 'ferry/polyteia' } },
  syncs: { orders: { source: 'erp', query: 'SELECT 1 AS a', dataset: 'ds_orders1' } },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-local-guide-'));
  const clone = join(folder, 'ferry');
  await copyOfRepository(clone);
  for (const name of ['node_modules', '.cache']) await symlink(join(root, name), join(clone, name));
  await mkdir(join(clone, 'town'));
  await writeFile(join(clone, 'town', 'ferry.yaml'), stringify(config));
  const secrets = { 'ferry/erp': { username: 'a', password: 'b' }, 'ferry/polyteia': 'pak_x' };
  await writeFile(join(clone, 'secrets.json'), JSON.stringify(secrets));
  shell = openShell(clone, {
    HOME: folder,
    TMPDIR: folder,
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  });
});
afterAll(async () => {
  // With all that was started in it.
  shell?.stop();
  if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

it('docs/local.md starts MiniStack and deploys to it', async () => {
  const block = blocks.find(({ notRun }) => !notRun);
  expect(block?.code).toContain(MINISTACK);
  const code = (block?.code ?? '').replaceAll('4566', String(await freePort()));
  const printed = await shell.run(code, 240_000);
  expect(printed).toMatch(/^Deployed\. The API: http/m);
  const api = printed.match(/^Deployed\. The API: (\S+)$/m)?.[1];
  expect(await (await fetch(`${api}/healthz`)).json()).toEqual({ status: 'ok' });
});
