import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { type ConsoleSetup, startConsole } from '../../support/browser/console-setup.ts';
import { findBarriers } from '../../support/browser/find-barriers.ts';
import { openBrowser, type TestBrowser } from '../../support/browser/open-browser.ts';
import { type MysqlServer, startMysql } from '../../support/servers/mysql-server.ts';

const PICTURES = fileURLToPath(new URL('../../../.cache/console-pictures/', import.meta.url));

let setup: ConsoleSetup;
let closed: ConsoleSetup;
let mariadb: MysqlServer;
let browser: TestBrowser;
beforeAll(async () => {
  [setup, closed, mariadb, browser] = await Promise.all([
    startConsole({ allowHosts: '127.0.0.1' }),
    startConsole(),
    startMysql(),
    openBrowser(),
    mkdir(PICTURES, { recursive: true }),
  ]);
  await setup.postgres.query('CREATE SCHEMA "Größe (alt)"; CREATE TABLE "Größe (alt)".t (id int)');
  await setup.postgres.query('CREATE DATABASE archiv');
  await mariadb.query(
    "CREATE TABLE ferry.bescheide (nummer bigint unsigned, betrag decimal(12,2), `Größe` text); INSERT INTO ferry.bescheide VALUES (1, 2.5, 'x')",
  );
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await Promise.all([setup?.[Symbol.asyncDispose](), closed?.[Symbol.asyncDispose](), mariadb?.stop()]);
});

interface Opened extends AsyncDisposable {
  page: Page;
  faults: string[];
  /** What was sent, by path. */
  sent: { path: string; body: string }[];
}

/** The form, as a person has it who has opened the printed address. */
async function openForm(options: BrowserContextOptions = {}, at = setup): Promise<Opened> {
  const person = await browser.newPerson(options);
  const page = await person.newPage();
  const faults: string[] = [];
  const sent: Opened['sent'] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) =>
    sent.push({
      path: new URL(request.url()).pathname,
      body: `${request.url()} ${request.postData() ?? ''}`,
    }),
  );
  await page.goto(at.address);
  await page.getByRole('table').waitFor();
  await page.goto(`${at.url}/#/set-up`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return { page, faults, sent, [Symbol.asyncDispose]: () => person.close() };
}

const picture = (page: Page, name: string) =>
  page.screenshot({ path: `${PICTURES}${name}.png`, fullPage: true });
/** For README and docs, from the tree on: all steps, and only the tree with its checks. */
async function picturesForDocs(page: Page): Promise<void> {
  const steps = page.locator('.steps > li');
  const lines = page.getByRole('textbox', { name: 'Lines for ferry.yaml' });
  const [scroll, tree, job, end] = await Promise.all([
    page.evaluate<number>('scrollY'),
    steps.nth(2).boundingBox(),
    steps.nth(3).boundingBox(),
    lines.boundingBox(),
  ]);
  if (!tree || !job || !end) throw new Error('The steps are not there.');
  const parts = { 'set-up': end.y + end.height + 16, 'set-up-schemas': job.y };
  for (const [name, bottom] of Object.entries(parts))
    await page.screenshot({
      path: `${PICTURES}${name}.png`,
      fullPage: true,
      clip: { x: 0, y: tree.y + scroll, width: 1_280, height: bottom - tree.y },
    });
}
const linesOf = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true }).inputValue();

it('sets an extraction up, from the connection to its first run', async () => {
  await using opened = await openForm();
  const { page, faults, sent } = opened;
  const { postgres } = setup;
  await page.getByLabel('Name of the source in ferry.yaml').fill('neu');
  await page.getByLabel('Host', { exact: true }).fill(postgres.host);
  await page.getByLabel('Port').fill(String(postgres.port));
  await page.getByLabel('Database', { exact: true }).fill('postgres');
  await page.getByLabel('Database user').fill(postgres.user);
  await page.getByLabel('Password', { exact: true }).fill('falsches-Kennwort');
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await page.getByText(/refused the login/).waitFor();
  expect(await findBarriers(page)).toEqual([]);
  await picture(page, 'set-up-refused');
  // A refused login of the source is not the end of the session.
  await page.getByLabel('Password', { exact: true }).fill(postgres.password);
  await page.keyboard.press('Enter');
  await page.getByText('The source has accepted the login.').waitFor();

  await page.getByLabel('public').check();
  await page.getByLabel('Größe (alt)').check();
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.locator('.hops li').nth(2).waitFor();
  expect(await page.locator('.hops li.ok').count()).toBe(3);
  await page.getByLabel('Name of the job').fill('neue-kataloge');
  await page.getByLabel('Schedule').fill('30 2 * * *');
  await page.getByText(/is skipped: the clock goes from 02:00 to 03:00/).waitFor();
  expect(await page.locator('.next li').count()).toBe(5);
  await page.getByRole('button', { name: 'Write the lines' }).click();
  await page.getByRole('heading', { name: 'The secrets' }).waitFor();
  expect(await findBarriers(page)).toEqual([]);
  await picture(page, 'set-up-extraction');
  await picturesForDocs(page);

  const { sources, extractions } = parseConfig(
    `version: 1\n${await linesOf(page, 'Lines for ferry.yaml')}`,
    'ferry.yaml',
  );
  expect(sources.neu).toMatchObject({ host: '127.0.0.1', port: postgres.port, database: 'postgres' });
  expect(extractions['neue-kataloge']).toMatchObject({
    sources: ['neu'],
    include: { '^postgres$': ['^public$', '^Größe \\(alt\\)$'] },
    schedule: { cron: '30 2 * * *', timezone: 'Europe/Berlin' },
  });
  // The password is in no line, in nothing that is kept, and in no other request than those that sign in.
  const signing = sent.filter(({ body }) => body.includes('"password":')).map(({ path }) => path);
  expect(new Set(signing)).toEqual(
    new Set(['/api/workflows/v1/auth', '/api/workflows/v1/metadata', '/api/workflows/v1/check']),
  );
  expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')).not.toMatch(
    /falsches|password/i,
  );
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByRole('link', { name: 'Watch it' }).click();
  await page.locator('h1 .badge:not(.live)').waitFor({ timeout: 60_000 });
  expect(await page.locator('h1 .badge').textContent()).toBe('succeeded');
  expect(await page.locator('.facts').textContent()).toContain('by jürgen');
  expect(faults).toEqual([]);
});

it('sets a sync up, in German, with a real MariaDB', async () => {
  await using opened = await openForm({ locale: 'de-DE' });
  const { page, faults, sent } = opened;
  await page.getByLabel('Einen Sync').check();
  await page.getByLabel('Art der Datenbank').selectOption('mysql');
  await page.getByLabel('Name der Quelle in ferry.yaml').fill('bescheide');
  await page.getByLabel('Rechnername oder Adresse').fill(mariadb.host);
  await page.getByLabel('Port').fill(String(mariadb.port));
  await page.getByLabel('Datenbank', { exact: true }).fill(mariadb.database);
  await page.getByLabel('Datenbankbenutzer').fill(mariadb.user);
  await page.getByLabel('Kennwort', { exact: true }).fill(mariadb.password);
  await page.getByRole('button', { name: 'Verbindung testen' }).click();
  await page.getByText('Die Quelle hat die Anmeldung angenommen.').waitFor();
  await page.getByLabel('SELECT').fill('SELECT * FROM gibt_es_nicht');
  await page.getByRole('button', { name: 'Spalten anzeigen' }).click();
  await page
    .getByText(/gibt_es_nicht/)
    .last()
    .waitFor();
  await page.getByLabel('SELECT').fill('SELECT *\n  FROM bescheide');
  await page.getByRole('button', { name: 'Spalten anzeigen' }).click();
  await page.getByRole('rowheader', { name: 'Größe' }).waitFor();
  expect(await page.locator('tbody tr').count()).toBe(3);
  await page.getByLabel('ID des Polyteia-Datensatzes').fill('bescheide');
  await page.getByLabel('Name des Jobs').fill('kurz');
  await page.getByLabel('Zeitplan').fill('61 4 * * *');
  await page.getByText(/61/).last().waitFor();
  await page.getByRole('button', { name: 'Zeilen ausgeben' }).click();
  await page.getByText('Angaben sind noch nicht richtig:').waitFor();
  expect(await findBarriers(page)).toEqual([]);
  await picture(page, 'set-up-problems');
  await page.getByLabel('ID des Polyteia-Datensatzes').fill('ds_bescheide');
  await page.getByLabel('Name des Jobs').fill('offene-bescheide');
  await page.getByLabel('Zeitplan').fill('30 4 * * 1-5');
  await page.locator('.next li').nth(4).waitFor();
  await page.getByRole('button', { name: 'Zeilen ausgeben' }).click();
  await page.getByRole('heading', { name: 'Die Geheimnisse' }).waitFor();
  expect(await findBarriers(page)).toEqual([]);
  await picture(page, 'set-up-sync');
  const yaml = await linesOf(page, 'Zeilen für ferry.yaml');
  const { syncs } = parseConfig(`version: 1\npolyteia: { default: { token: t } }\n${yaml}`, 'ferry.yaml');
  expect(syncs['offene-bescheide']).toMatchObject({
    source: 'bescheide',
    query: 'SELECT *\n  FROM bescheide',
    dataset: 'ds_bescheide',
  });
  expect(sent.map(({ path }) => path)).toContain('/api/setup/columns');
  expect(faults).toEqual([]);
});

describe('where no credentials are taken', () => {
  it('a configured source is used, on a telephone in the dark', async () => {
    const telephone = { viewport: { width: 360, height: 740 }, colorScheme: 'dark' } as const;
    await using opened = await openForm({ locale: 'de-DE', ...telephone }, closed);
    const { page, faults } = opened;
    await page.getByText('--allow-hosts').waitFor();
    expect(await page.getByLabel('Kennwort', { exact: true }).count()).toBe(0);
    await page.getByRole('button', { name: 'Verbindung testen' }).click();
    await page.getByLabel('public').check();
    await page.getByLabel('Name des Jobs').fill('kataloge');
    await page.getByRole('button', { name: 'Zeilen ausgeben' }).click();
    await page.getByRole('heading', { name: 'Danach' }).waitFor();
    expect(await linesOf(page, 'Zeilen für ferry.yaml')).toBe(
      'extractions:\n  kataloge:\n    sources:\n      - stadt\n    include:\n      "^postgres$":\n        - "^public$"\n',
    );
    expect(await findBarriers(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    await picture(page, 'set-up-telephone');
    expect(faults).toEqual([]);
  });

  it('a source that does not answer says so', async () => {
    await using opened = await openForm({}, closed);
    const { page } = opened;
    await page.getByLabel('Source').selectOption('weg');
    await page.getByRole('button', { name: 'Test the connection' }).click();
    await page
      .getByRole('alert')
      .filter({ hasText: /127\.0\.0\.1:1/ })
      .waitFor();
    expect(await page.getByText('Test the connection first').count()).toBe(1);
  });

  it('the whole form is used with the keyboard alone', async () => {
    await using opened = await openForm({}, closed);
    const { page } = opened;
    const focused = () =>
      page.evaluate<string>(
        '(document.activeElement.ariaLabel || (document.activeElement.labels?.[0] ?? document.activeElement).textContent).trim()',
      );
    const tabTo = async (text: string) => {
      for (let presses = 0; presses < 60; presses += 1) {
        await page.keyboard.press('Tab');
        if ((await focused()).startsWith(text)) return;
      }
      throw new Error(`Tab never leads to ${text}.`);
    };
    await tabTo('An extraction');
    await page.keyboard.press('ArrowDown');
    await tabTo('Test the connection');
    await page.keyboard.press('Enter');
    await page.getByText('The source has accepted the login.').waitFor();
    await tabTo('SELECT in');
    await page.keyboard.type('SELECT * FROM meldungen');
    await tabTo('Show its columns');
    await page.keyboard.press('Enter');
    await page.getByRole('rowheader', { name: 'Größe <b>' }).waitFor();
    await tabTo('Id of the Polyteia dataset');
    await page.keyboard.type('ds_neu');
    await tabTo('Name of the job');
    await page.keyboard.type('neu');
    await tabTo('Write the lines');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Then' }).waitFor();
    await tabTo('Lines for ferry.yaml');
    expect(await linesOf(page, 'Lines for ferry.yaml')).toBe(
      'syncs:\n  neu:\n    source: stadt\n    query: SELECT * FROM meldungen\n    dataset: ds_neu\n',
    );
  });
});
