import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSetup, startConsole } from '../../support/browser/console-setup.ts';
import { findBarriers } from '../../support/browser/find-barriers.ts';
import { openBrowser, type TestBrowser } from '../../support/browser/open-browser.ts';

/** Where pictures of the pages are put, for people to look at. */
const PICTURES = fileURLToPath(new URL('../../../.cache/console-pictures/', import.meta.url));

let setup: ConsoleSetup;
let browser: TestBrowser;
beforeAll(async () => {
  [setup, browser] = await Promise.all([startConsole(), openBrowser(), mkdir(PICTURES, { recursive: true })]);
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await setup?.[Symbol.asyncDispose]();
});

/** A page of a person who has opened the printed address. What goes wrong in it fails the test that opened it. */
async function openPage(
  options: BrowserContextOptions = {},
): Promise<{ page: Page; faults: string[] } & AsyncDisposable> {
  const person = await browser.newPerson(options);
  const page = await person.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) faults.push(message.text());
  });
  await page.goto(setup.address);
  await page.getByRole('table').waitFor();
  return { page, faults, [Symbol.asyncDispose]: () => person.close() };
}

const go = (page: Page, hash: string) => page.goto(`${setup.url}/#${hash}`);
const picture = (page: Page, name: string) =>
  page.screenshot({ path: `${PICTURES}${name}.png`, fullPage: true });
const stateOf = (page: Page) => page.locator('h1 .badge');

/** Starts a job from its page, and stays on the page of the run. @returns the run's id */
async function start(page: Page, job: string): Promise<string> {
  await go(page, `/jobs/${job}`);
  await page.getByRole('button', { name: 'Run now' }).click();
  await page.getByRole('button', { name: 'Yes, do it' }).click();
  await page.waitForURL(/#\/runs\//);
  return new URL(page.url()).hash.split('/').at(-1) ?? '';
}

const ended = (page: Page) => page.locator('h1 .badge:not(.live)').waitFor({ timeout: 60_000 });

it('takes what opens it out of the address', async () => {
  await using opened = await openPage();
  expect(opened.page.url()).toBe(`${setup.url}/`);
  expect(await opened.page.title()).toBe('Ferry · stadt/ferry.yaml');
});

describe('a run', () => {
  it('is started, watched and read about', async () => {
    await using opened = await openPage();
    const { page, faults } = opened;
    await start(page, 'kurz');
    await page.getByRole('status').filter({ hasText: 'Now:' }).waitFor();
    expect(await stateOf(page).textContent()).toBe('running');
    expect(await findBarriers(page)).toEqual([]);
    await picture(page, 'run-live');
    await ended(page);
    expect(await stateOf(page).textContent()).toBe('succeeded');
    expect(await page.locator('.facts').textContent()).toMatch(/Rows60.*/);
    expect(await page.locator('.log').textContent()).toContain('run started');
    expect(faults).toEqual([]);
  });

  it('that a guard refuses is accepted, with who and why', async () => {
    await using opened = await openPage();
    const { page, faults } = opened;
    await start(page, 'offene-meldungen');
    await ended(page);
    await setup.postgres.query('DELETE FROM meldungen WHERE id > 50');
    const refused = await start(page, 'offene-meldungen');
    await ended(page);
    expect(await page.getByRole('heading', { name: /Error: GuardError/ }).count()).toBe(1);
    expect(await findBarriers(page)).toEqual([]);
    await picture(page, 'run-refused');
    await page.getByRole('button', { name: 'Accept the refused result' }).click();
    expect(await page.getByRole('dialog').textContent()).toContain('Exactly the file that the guard refused');
    expect(await findBarriers(page)).toEqual([]);
    await picture(page, 'accept');
    await page.getByLabel('Reason').fill('Haushaltsjahr <b>2027</b>');
    await page.getByRole('button', { name: 'Yes, do it' }).click();
    await page.waitForURL((url) => !url.hash.includes(refused));
    await ended(page);
    expect(await stateOf(page).textContent()).toBe('succeeded');
    const facts = await page.locator('.facts').textContent();
    expect(facts).toContain('by jürgen');
    expect(facts).toContain('Haushaltsjahr <b>2027</b>');
    expect(setup.polyteia.datasets.get('ds_meldungen')?.content).toBeDefined();
    expect(faults).toEqual([]);
  });

  it('is cancelled', async () => {
    await using opened = await openPage();
    const { page } = opened;
    await start(page, 'langsam');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Yes, do it' }).click();
    await ended(page);
    expect(await stateOf(page).textContent()).toBe('cancelled');
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
  });

  it('that fails says why, and what to do', async () => {
    await using opened = await openPage({ locale: 'de-DE' });
    const { page } = opened;
    await go(page, '/jobs/kaputt');
    await page.getByRole('button', { name: 'Jetzt ausführen' }).click();
    await page.getByRole('button', { name: 'Ja, ausführen' }).click();
    await ended(page);
    const text = (await page.locator('.notice.bad').textContent()) ?? '';
    expect(text).toContain('QueryError');
    expect(text).toContain('Die Quelle hat die Abfrage abgelehnt');
    expect(text).toContain('gibt_es_nicht');
  });

  it('that does not exist, and a job that does not, say so', async () => {
    await using opened = await openPage();
    const { page } = opened;
    await go(page, '/jobs/offene-meldung');
    await page.getByText('did you mean "offene-meldungen"?').waitFor();
    await go(page, '/runs/019aa401-7c1e-7d0e-9c53-0b3f0c1d2e4f');
    await page.getByText('There is no run').waitFor();
    await go(page, '/elsewhere');
    await page.getByText('There is no such page.').waitFor();
  });
});

it('shows a job: its past, its columns and their changes, and the next runs with the clock changes', async () => {
  await using opened = await openPage();
  const { page, faults } = opened;
  await start(page, 'offene-meldungen');
  await ended(page);
  await setup.postgres.query('ALTER TABLE meldungen ADD COLUMN IF NOT EXISTS ortsteil text');
  await start(page, 'offene-meldungen');
  await ended(page);
  await go(page, '/jobs/offene-meldungen');
  await page.getByText('ortsteil added').waitFor();
  expect(await page.locator('.next li').count()).toBe(5);
  expect(await page.getByText(/is skipped: the clock goes from 02:00 to 03:00/).count()).toBe(1);
  expect(await page.locator('.plot canvas').count()).toBe(2);
  // A name from the database is text.
  await page.getByRole('rowheader', { name: 'Größe <b>' }).first().waitFor();
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.getByText('Everything that a run needs works.').waitFor({ timeout: 30_000 });
  expect(await page.locator('.hops li').count()).toBeGreaterThan(8);
  expect(await findBarriers(page)).toEqual([]);
  await picture(page, 'job');
  expect(faults).toEqual([]);
});

it('shows what an extraction has written', async () => {
  await using opened = await openPage();
  const { page } = opened;
  await start(page, 'stadt-katalog');
  await ended(page);
  await page.locator('summary', { hasText: 'postgres' }).click();
  const text = (await page.locator('.database').textContent()) ?? '';
  expect(text).toMatch(/Table: \d/);
  expect(text).toContain('/transformed/table/1.json');
  expect(await findBarriers(page)).toEqual([]);
  await picture(page, 'extraction');
});

it('shows the hops to a source as they are tried', async () => {
  await using opened = await openPage();
  const { page } = opened;
  await go(page, '/sources');
  const card = page.locator('.card', { has: page.getByRole('heading', { name: 'weg' }) });
  await card.getByRole('button').click();
  await card.locator('.hops li.failed', { hasText: 'TCP' }).waitFor();
  await card.getByText('Something that a run needs does not work.').waitFor();
  expect(await card.locator('.hops li.skipped', { hasText: 'login' }).count()).toBe(1);
  expect(await findBarriers(page)).toEqual([]);
  await picture(page, 'sources');
});

it('lists failed jobs first, and finds some of them', async () => {
  await using opened = await openPage();
  const { page, faults } = opened;
  await page.locator('svg.spark path').first().waitFor();
  const names = await page.locator('.jobs th[scope=row] a').allTextContents();
  expect(names[0]).toBe('kaputt');
  expect(names).toHaveLength(6);
  expect(await findBarriers(page)).toEqual([]);
  await picture(page, 'jobs');
  await page.getByLabel('Find jobs').fill('stadt in order');
  expect(await page.locator('.jobs tbody tr').count()).toBeLessThan(6);
  await page.getByLabel('Find jobs').fill('Überfällig');
  await page.getByText('No job matches.').waitFor();
  expect(faults).toEqual([]);
});

it('speaks German to whose browser asks for it, on a telephone in the dark, without a barrier', async () => {
  const telephone = { locale: 'de-DE', viewport: { width: 360, height: 740 }, colorScheme: 'dark' } as const;
  await using opened = await openPage(telephone);
  const { page, faults } = opened;
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  for (const [hash, heading] of [
    ['/', 'Jobs'],
    ['/jobs/offene-meldungen', 'offene-meldungen'],
    ['/sources', 'Quellen'],
  ] as const) {
    await go(page, hash);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    await page.waitForLoadState('networkidle');
    expect([hash, await findBarriers(page)]).toEqual([hash, []]);
    const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect([hash, wide]).toEqual([hash, 0]);
    await picture(page, `telephone-${heading}`);
  }
  await page.getByRole('button', { name: 'English' }).click();
  await page.reload();
  await page.getByRole('heading', { name: 'Sources' }).waitFor();
  expect(faults).toEqual([]);
});

it('is used with the keyboard alone', async () => {
  await using opened = await openPage();
  const { page } = opened;
  const focused = () => page.evaluate<string>('document.activeElement?.textContent ?? ""');
  const tabTo = async (text: string) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      if ((await focused()) === text) return;
    }
    throw new Error(`Tab never leads to ${text}.`);
  };
  await tabTo('Skip to the content');
  await page.keyboard.press('Enter');
  await tabTo('kaputt');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'kaputt' }).waitFor();
  await tabTo('Run now');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  // The focus is back where it was.
  expect(await focused()).toBe('Run now');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await tabTo('Yes, do it');
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/runs\//);
  await ended(page);
});

it('asks again when the button is pressed before the browser says that the question is closed', async () => {
  await using opened = await openPage();
  const { page } = opened;
  await go(page, '/jobs/kaputt');
  await page.getByRole('button', { name: 'Run now' }).click();
  await page.getByRole('dialog').waitFor();
  // As Escape and Enter in quick succession: the event `close` comes after both.
  const open = await page.evaluate<number>(`new Promise((resolve) => {
    const dialog = document.querySelector('dialog');
    dialog.addEventListener('close', () => setTimeout(() => resolve(document.querySelectorAll('dialog[open]').length), 100));
    dialog.close();
    [...document.querySelectorAll('button')].find((button) => button.textContent === 'Run now').click();
  })`);
  expect(open).toBe(1);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

describe('a session', () => {
  it('that has ended is said, and begins again with the newest address', async () => {
    await using opened = await openPage();
    const { page } = opened;
    await page.context().clearCookies();
    await go(page, '/sources');
    await page.getByText('Open the newest address that ferry console has printed').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    // One that has been used lets nobody in.
    const used = setup.address;
    await using other = await openPage();
    await other.page.goto('about:blank');
    await page.goto(used);
    await page.getByText('Open the newest address').waitFor();
    // In the tab that is open, where only the part behind the # changes.
    await page.goto(setup.address);
    await page.getByRole('table').waitFor();
    expect(page.url()).toBe(`${setup.url}/`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('is of no use to a page of another origin', async () => {
    await using opened = await openPage();
    const { page } = opened;
    const runs = () =>
      page.evaluate(async () =>
        (
          await fetch('api/runs?limit=100', {
            headers: { 'x-ferry-console': localStorage.getItem('ferry-session') ?? '' },
          })
        ).text(),
      );
    const before = await runs();
    // The same host, so that the browser counts the cookie as this site's.
    const evil = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<form method="post"></form>'),
    );
    await new Promise<void>((listening) => evil.listen(0, '127.0.0.1', listening));
    try {
      const other = await page.context().newPage();
      await other.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`);
      const attempts = await other.evaluate(async (target) => {
        const tries: RequestInit[] = [
          { method: 'POST', mode: 'no-cors', credentials: 'include' },
          { method: 'POST', credentials: 'include', headers: { 'x-ferry-console': '1' } },
          {
            method: 'POST',
            mode: 'no-cors',
            credentials: 'include',
            body: '{}',
            headers: { 'content-type': 'text/plain' },
          },
        ];
        return Promise.all(
          tries.map((init) =>
            fetch(target, init).then(
              ({ type, status }) => `${type} ${status}`,
              () => 'refused',
            ),
          ),
        );
      }, `${setup.url}/api/jobs/kaputt/runs`);
      expect(attempts).toEqual(['refused', 'refused', 'refused']);
      const answered = other.waitForResponse(/kaputt/);
      await other.evaluate(
        `document.forms[0].action = '${setup.url}/api/jobs/kaputt/runs'; document.forms[0].submit()`,
      );
      expect((await answered).status()).toBe(403);
      await other.waitForURL(/kaputt/);
      // Nor does it see the console in a frame of its own.
      await other.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`);
      await other.setContent(`<iframe src="${setup.url}/"></iframe>`);
      await other.waitForLoadState('networkidle');
      expect(await other.frames()[1]?.locator('#console').count()).toBe(0);
    } finally {
      evil.close();
    }
    expect(await runs()).toBe(before);
  });
});
