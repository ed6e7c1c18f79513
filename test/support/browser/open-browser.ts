import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';
import { CHROMIUM } from '../tools/chromium.ts';
import { findTool } from '../tools/find-tool.ts';

/** A browser, and people at it: each has cookies and settings of their own. */
export interface TestBrowser extends AsyncDisposable {
  newPerson(options?: BrowserContextOptions): Promise<BrowserContext>;
}

const FLAGS = [
  // The tests also run as root, whom the sandbox refuses.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser without a window. */
export async function openBrowser(): Promise<TestBrowser> {
  const { programs, root } = await findTool(CHROMIUM);
  const home = await mkdtemp(join(tmpdir(), 'ferry-browser-'));
  // Fonts that came with it, where the machine may have none.
  const fonts = root === '/' ? {} : { FONTCONFIG_SYSROOT: root };
  const browser: Browser = await chromium.launch({
    executablePath: programs.chromium,
    args: FLAGS,
    env: { ...process.env, ...fonts, HOME: home },
  });
  return {
    newPerson: (options) => browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options }),
    async [Symbol.asyncDispose]() {
      await browser.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
