import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runExtraction } from '../../../shared/extraction/run-extraction.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import type { ExtractionProcessInput } from '../../support/extraction/extraction-process.ts';
import {
  type ExtractionSetup,
  extractionConfig,
  setUpExtraction,
} from '../../support/extraction/extraction-setup.ts';
import { filesBelow, readOutput } from '../../support/extraction/read-output.ts';
import { type PostgresServer, startPostgres } from '../../support/servers/postgres-server.ts';
import { withoutLoginWarning } from '../../support/source/login-warning.ts';

// What is left of an extraction whose process is killed, and what the next attempt of the same run makes of it.

const SCRIPT = fileURLToPath(new URL('../../support/extraction/extraction-process.ts', import.meta.url));
const leaseTimes = { heartbeatMs: 300, expiryMs: 1_500 };
const extraction = { databases: ['postgres', 'hr'] };

let postgres: PostgresServer;
let setup: ExtractionSetup;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.query('CREATE TABLE orders (id int)');
  await postgres.query('CREATE DATABASE hr');
});
beforeEach(async () => {
  setup = await setUpExtraction(postgres);
});
afterEach(() => setup[Symbol.asyncDispose]());
afterAll(() => postgres?.stop());

async function runUntilKilled(runId: string, killAt: ExtractionProcessInput['killAt']) {
  const { folder, outputFolder } = setup;
  const input: ExtractionProcessInput = {
    config: extractionConfig(postgres, extraction),
    secrets: { erp: JSON.stringify({ username: postgres.user, password: postgres.password }) },
    stateFolder: join(folder, 'state'),
    workFolder: join(folder, 'work'),
    outputFolder,
    leaseTimes,
    runId,
    killAt,
  };
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(input)], { stdio: 'inherit' });
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  expect(signal).toBe('SIGKILL');
}

const again = (runId: string) => runExtraction({ ...setup.options(extraction), runId, leaseTimes });

describe('an extraction that is killed', () => {
  it.each([
    ['between two files', { moment: 'before', key: 'transformed/column/1.json' }],
    ['in its second database', { moment: 'after', key: 'raw/schema/2.parquet' }],
    ['before its manifest', { moment: 'before', key: '/manifest.json' }],
  ] as const)('%s has no manifest, and is repeated by the next attempt', async (_when, killAt) => {
    const runId = newRunId();
    await runUntilKilled(runId, killAt);
    const left = await filesBelow(setup.outputFolder);
    expect(left.length).toBeGreaterThan(0);
    expect(left.filter((name) => /(manifest|latest)\.json$/.test(name))).toEqual([]);

    const record = await again(runId);
    expect(record).toMatchObject({ id: runId, state: 'succeeded' });
    expect(record.attempts).toHaveLength(2);
    // Which holds the folder against the manifest: nothing of the first attempt lies next to it.
    expect((await readOutput(setup.outputFolder, 'catalogs')).manifest.runId).toBe(runId);
  });

  it.each([
    ['between its manifest and latest.json', { moment: 'after', key: '/manifest.json' }],
    ['before its record', { moment: 'after', key: 'latest.json' }],
  ] as const)('%s has written everything: the next attempt only reports it', async (_when, killAt) => {
    const runId = newRunId();
    await runUntilKilled(runId, killAt);
    const manifest = join(setup.outputFolder, 'catalogs', runId, 'manifest.json');
    const written = await readFile(manifest, 'utf8');

    const record = await again(runId);
    expect(record).toMatchObject({
      state: 'succeeded',
      outcome: 'extracted',
      databases: [{ database: 'postgres', state: 'extracted' }, { database: 'hr' }],
    });
    expect(withoutLoginWarning(record.warnings)).toEqual([
      'An earlier attempt of this run had written everything: its files were kept.',
    ]);
    expect(await readFile(manifest, 'utf8')).toBe(written);
    expect((await readOutput(setup.outputFolder, 'catalogs')).manifest.runId).toBe(runId);
  });

  it('leaves latest.json pointing at the previous run', async () => {
    const before = await runExtraction(setup.options());
    await runUntilKilled(newRunId(), { moment: 'after', key: 'raw/column/1.parquet' });
    expect((await readOutput(setup.outputFolder, 'catalogs')).manifest.runId).toBe(before.id);
  });
});
