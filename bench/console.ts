// npm run bench -- console: how soon the console shows 200 jobs with 1,000 runs each, in Chromium on this machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleConsole } from '../infra/code/bundle-console.ts';
import { createApi } from '../shared/api/create-api.ts';
import type { JobIndex } from '../shared/api/jobs/job-index.ts';
import { createMemoryDocumentStore } from '../shared/runs/documents/memory-document-store.ts';
import { RECENT_RUNS } from '../shared/runs/records/recent-runs.ts';
import { createRunRequestStore } from '../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../shared/runs/records/run-store.ts';
import { newRunId } from '../shared/runs/run-id.ts';
import { openConsoleServer } from '../shared/serve/browser/console-server.ts';
import { createLogger } from '../shared/telemetry/logger.ts';
import { runRecord } from '../test/support/api.ts';
import { openBrowser } from '../test/support/browser/open-browser.ts';

const JOBS = 200;
const RUNS = 1_000;
const TRIES = 5;
const START = Date.parse('2026-01-01T00:00:00Z');

/** Notes in the page when it has drawn what. Runs before the page's own script. */
const WATCH = `
  globalThis.seen = {};
  new MutationObserver(() => {
    const { seen } = globalThis;
    if (!seen.list && document.querySelectorAll('.jobs tbody tr').length === ${JOBS}) seen.list = performance.now();
    if (!seen.pictures && document.querySelectorAll('svg.spark').length === ${JOBS}) seen.pictures = performance.now();
  }).observe(document, { childList: true, subtree: true });
`;

/** Measures the first view, with nothing in the browser's cache. */
export async function measureConsole(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry-console-'));
  await bundleConsole(folder);
  const api = await openApi();
  let next = '';
  const { listening, address } = await openConsoleServer({ api, subject: 'bench', folder }, 0, {
    onOpened: (another) => {
      next = another;
    },
  });
  const print = (text: string) => process.stdout.write(`${text}\n`);
  print(`${JOBS} jobs, ${RUNS} runs each; ms from the request for the page`);
  print('first paint   all jobs   all pictures   a job of 100 plotted runs');
  await using browser = await openBrowser();
  for (let tries = 0; tries < TRIES; tries += 1) {
    const person = await browser.newPerson();
    const page = await person.newPage();
    await page.addInitScript(WATCH);
    await page.goto(next || address);
    await page
      .locator('svg.spark')
      .nth(JOBS - 1)
      .waitFor();
    const [paint, list, pictures] = await page.evaluate<number[]>(
      "[performance.getEntriesByName('first-contentful-paint')[0].startTime, seen.list, seen.pictures]",
    );
    const began = performance.now();
    await page.goto(`${listening.url}/#/jobs/job-007`);
    await page.locator('.plot canvas').nth(1).waitFor();
    const job = performance.now() - began;
    print([paint, list, pictures, job].map((ms = 0) => Math.round(ms).toString().padEnd(13)).join(''));
    await person.close();
  }
  await listening.close();
  await rm(folder, { recursive: true, force: true });
}

async function openApi(): Promise<(request: Request) => Promise<Response>> {
  const documents = createMemoryDocumentStore();
  const runs = createRunStore(documents);
  const names = Array.from({ length: JOBS }, (_, n) => `job-${String(n).padStart(3, '0')}`);
  const index: JobIndex = Object.fromEntries(
    names.map((name) => [
      name,
      {
        kind: 'sync',
        source: 'erp',
        dataset: 'ds_a',
        target: 'default',
        // Each moment has to be found in a zone whose clock changes.
        schedule: { cron: '30 4 * * 1-5', timezone: 'Europe/Berlin', enabled: true },
      },
    ]),
  );
  for (const job of names) {
    const records = Array.from({ length: RUNS }, (_, n) => {
      const startedAt = new Date(START + n * 3_600_000).toISOString();
      const endedAt = new Date(START + n * 3_600_000 + 1_000 + ((n * 7_919) % 60_000)).toISOString();
      const state = n % 17 === 0 ? 'failed' : 'succeeded';
      return runRecord({
        id: newRunId(new Date(startedAt)),
        job,
        startedAt,
        endedAt,
        state,
        rows: 10_000 + n * 3,
      });
    });
    // In the order of their keys, newest first: a store that keeps them sorted has nothing to move.
    for (const record of records.slice(0, -1).toReversed()) {
      const inverted = (2 ** 48 - 1 - Date.parse(record.startedAt)).toString(16).padStart(12, '0');
      await documents.put(`jobs/${job}/runs/${inverted}-${record.id}.json`, JSON.stringify(record));
    }
    const recent = records
      .slice(-RECENT_RUNS)
      .map(({ id, state, startedAt, endedAt, rows }) => ({ id, state, startedAt, endedAt, rows }));
    await documents.replace(
      `jobs/${job}/recent.json`,
      JSON.stringify({ schemaVersion: 1, runs: recent.toReversed() }),
      undefined,
    );
    const newest = records.at(-1);
    if (newest) await runs.save(newest);
  }
  const api = createApi({
    readJobs: async () => index,
    documents,
    runs,
    requests: createRunRequestStore(documents),
    check: async ({ id }) => id,
    start: async () => {},
    logger: createLogger({ level: 'silent' }),
  });
  return async (request) => api.fetch(request, { caller: 'bench' });
}
