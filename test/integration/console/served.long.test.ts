import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import type { ApiAccess } from '../../../shared/serve/listeners/api-access.ts';
import { builtConsole } from '../../support/browser/built-console.ts';
import { findBarriers } from '../../support/browser/find-barriers.ts';
import { openBrowser, type TestBrowser } from '../../support/browser/open-browser.ts';
import { type Replica, startServe } from '../../support/serve/start-serve.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';

let folder: string;
let browser: TestBrowser;
const replicas: Replica[] = [];
beforeAll(async () => {
  [folder, browser] = await Promise.all([mkdtemp(join(tmpdir(), 'ferry served ü ')), openBrowser()]);
});
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.stop()));
  await browser?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** The console of a process that keeps schedules. */
async function serveConsole(access: ApiAccess, language?: 'de'): Promise<string> {
  const auth = { type: 'password', secret: 'erp' };
  const replica = await startServe({
    config: {
      version: 1,
      ...(language === undefined ? {} : { language }),
      sources: {
        erp: {
          type: 'postgres',
          host: '127.0.0.1',
          port: 1,
          database: 'größe',
          auth,
          tls: { mode: 'disable' },
        },
      },
      polyteia: { default: { token: 'polyteia' } },
      syncs: { orders: { source: 'erp', query: 'SELECT 1 AS id', dataset: 'ds_a' } },
    },
    secrets: {},
    documents: createFolderDocumentStore(join(folder, access.type)),
    workFolder: join(folder, 'work'),
    consoleFolder: await builtConsole(),
    api: { host: '127.0.0.1', port: 0, access },
  });
  replicas.push(replica);
  return `${replica.api}/console`;
}

describe('the console of ferry serve', () => {
  it('asks for the token of the API, and keeps it nowhere', async () => {
    const address = await serveConsole({ type: 'token', token: TOKEN });
    const person = await browser.newPerson({ locale: 'de-DE' });
    const page = await person.newPage();
    await page.goto(address);
    await page.getByLabel('Token').fill('falsch');
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.getByText('Dieses Token ist nicht richtig.').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByLabel('Token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'orders' }).waitFor();
    expect(
      await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])'),
    ).not.toContain(TOKEN);
    const cookies = await person.cookies();
    expect(cookies.map(({ httpOnly, sameSite, path }) => ({ httpOnly, sameSite, path }))).toEqual([
      { httpOnly: true, sameSite: 'Strict', path: '/console/' },
    ]);
    // The API itself still wants the token.
    expect((await page.request.get(address.replace('/console', '/jobs'))).status()).toBe(401);
    // A run that is started here says so.
    await page.getByRole('link', { name: 'orders' }).click();
    await page.getByRole('button', { name: 'Jetzt ausführen' }).click();
    await page.getByRole('button', { name: 'Ja, ausführen' }).click();
    await page.getByText('von console').waitFor();
    await person.close();
  });

  it('lets a browser of this machine in where nobody needs a token', async () => {
    const address = await serveConsole({ type: 'loopback' }, 'de');
    const person = await browser.newPerson();
    const page = await person.newPage();
    await page.goto(address);
    await page.getByRole('link', { name: 'orders' }).waitFor();
    // In the language of the configuration, until this person chooses another one.
    await page.getByRole('link', { name: 'Quellen' }).waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    await page.reload();
    await page.getByRole('link', { name: 'Sources' }).waitFor();
    await person.close();
  });
});
