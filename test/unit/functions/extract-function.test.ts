import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExtractFunction } from '../../../functions/extract/extract-function.ts';
import type { ExtractionOutput } from '../../../shared/config/schema/extraction.ts';
import { createFolderOutputStore } from '../../../shared/extraction/output/folder-output-store.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

const config = {
  version: 1,
  sources: {
    erp: { type: 'postgres', host: '127.0.0.1', database: 'erp', auth: { type: 'password', secret: 'erp' } },
  },
  extractions: { nightly: { sources: ['erp'], output: { bucket: 'city-catalogs' } } },
  atlan: { tenant: 'default' },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-extract-'));
});
afterAll(() => rm(folder, { recursive: true }));

function extractFunction() {
  const reported: string[] = [];
  const opened: ExtractionOutput[] = [];
  const state = createMemoryDocumentStore();
  const store = createRunStore(state);
  const run = createExtractFunction({
    environment: {
      STATE_BUCKET: 's',
      CONFIG_BUCKET: 'c',
      CONFIG_KEY: 'k',
      STACK_NAME: 'Ferry',
      LOG_LEVEL: 'error',
    },
    memoryMegabytes: 2048,
    config: { get: async () => JSON.stringify(config) },
    state,
    store,
    // Ends the run before anything is connected to: a secret that is no login.
    openSecrets: () => ({ read: async () => 'no login' }),
    extensionFolders: [],
    workFolder: tmpdir(),
    logger: createLogger({ level: 'silent' }),
    report: async ({ job, kind, state: ended }) => {
      reported.push(`${job} ${kind} ${ended}`);
    },
    openOutput: async (output) => {
      opened.push(output);
      return createFolderOutputStore({ folder, base: '' });
    },
  });
  return { run: (event: unknown) => run(event, new Date(Date.now() + 60_000)), store, reported, opened };
}

describe('the extract function', () => {
  it('runs the requested extraction, writes to its output, and returns the record', async () => {
    const { run, store, reported, opened } = extractFunction();
    const event = { job: 'nightly', scheduledTime: '2026-11-21T04:30:00Z' };
    const answer = await run(event);
    expect(answer).toMatchObject({ job: 'nightly', state: 'failed', error: { class: 'ConfigError' } });
    const [record] = await store.list({ limit: 1 });
    expect(record).toMatchObject({ kind: 'extraction', trigger: 'schedule', sources: ['erp'] });
    expect(opened).toMatchObject([{ bucket: 'city-catalogs', layout: 'app' }]);
    expect(reported).toEqual(['nightly extraction failed']);
    // The same trigger once more is the same run.
    expect(await run(event)).toEqual(answer);
    expect(reported).toHaveLength(1);
  });

  it.each(['accept', 'resend'])('refuses to %s, because it stores no files for that', async (what) => {
    const { run, store } = extractFunction();
    const request = { job: 'nightly', runId: newRunId(), triggeredBy: 'arn', [what]: { runId: newRunId() } };
    expect(await run(request)).toEqual({
      state: 'failed',
      error: {
        class: 'ConfigError',
        message: '"nightly" is an extraction: it has no files to accept or resend.',
      },
    });
    expect(await store.list({ limit: 1 })).toEqual([]);
  });

  it('names the nearest extraction if the requested one does not exist', async () => {
    expect(
      await extractFunction().run({ job: 'nihgtly', scheduledTime: '2026-11-21T04:30:00Z' }),
    ).toMatchObject({
      state: 'failed',
      error: { message: expect.stringMatching(/extraction.*"nihgtly".*nightly/) },
    });
  });

  it('checks its state, its sources and its output, and leaves nothing there', async () => {
    const answer = await extractFunction().run({ job: 'nightly', check: true });
    const checks = 'checks' in answer ? answer.checks : [];
    expect(checks.map(({ check, status }) => `${check} ${status}`)).toEqual(
      expect.arrayContaining(['state: write ok', 'secret failed', 'output: write ok', 'output: remove ok']),
    );
    await expect(readFile(join(folder, 'nightly/check/check.json'))).rejects.toThrow('ENOENT');
  });
});
