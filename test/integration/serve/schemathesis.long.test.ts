import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { startPolyteiaStandIn } from '../../support/polyteia/stand-in/stand-in.ts';
import { schemathesisEnvironment } from '../../support/processes/python.ts';
import { startServe } from '../../support/serve/start-serve.ts';
import { startPostgres } from '../../support/servers/postgres-server.ts';
import { sourceConfig } from '../../support/source/source-config.ts';
import { DATASET } from '../../support/sync/sync-setup.ts';

const run = promisify(execFile);
const DOCUMENT = fileURLToPath(new URL('../../../openapi.json', import.meta.url));
const TOKEN = '0123456789abcdef0123456789abcdef';

it.each([1, 2])('ferry serve answers as openapi.json says, whatever it is asked (seed %i)', async (seed) => {
  const { bin } = await schemathesisEnvironment();
  const folder = await mkdtemp(join(tmpdir(), 'ferry schemathesis ü '));
  const postgres = await startPostgres();
  const polyteia = await startPolyteiaStandIn({ datasets: [DATASET] });
  const replica = await startServe({
    config: {
      version: 1,
      sources: { erp: sourceConfig(postgres, 'erp') },
      polyteia: { default: { token: 'polyteia', baseUrl: polyteia.baseUrl } },
      syncs: {
        orders: {
          source: 'erp',
          dataset: DATASET,
          query: 'SELECT 1 AS id',
          whenUnchanged: 'upload',
          archive: { keep: 3 },
        },
      },
    },
    secrets: {
      erp: { username: postgres.user, password: postgres.password },
      polyteia: polyteia.personalAccessKey,
    },
    documents: createFolderDocumentStore(join(folder, 'state')),
    workFolder: join(folder, 'work'),
    api: { host: '127.0.0.1', port: 0, access: { type: 'token', token: TOKEN } },
  });
  try {
    const authorization = `Bearer ${TOKEN}`;
    const started = await fetch(`${replica.api}/jobs/orders/runs`, {
      method: 'POST',
      headers: { authorization },
    });
    const { runId } = (await started.json()) as { runId: string };
    // Names that there are: a made-up one is only ever answered with 404. A key that stood for another request is refused by design.
    await writeFile(
      join(folder, 'schemathesis.toml'),
      [
        '[parameters]',
        'job = "orders"',
        `id = "${runId}"`,
        '[checks.positive_data_acceptance]',
        'expected-statuses = ["2xx", "401", "403", "404", "409", "422"]',
      ].join('\n'),
    );
    const args = ['run', DOCUMENT, '--url', replica.api, '-H', `Authorization: ${authorization}`];
    const { stdout } = await run(
      bin('st'),
      [...args, '--checks', 'all', '--max-examples', '20', '--seed', String(seed), '--no-color'],
      { cwd: folder, maxBuffer: 10_000_000 },
    ).catch((error: { stdout: string }) => ({ stdout: error.stdout }));
    expect(stdout).toMatch(/11 passed|Tested: 11/);
    expect(stdout).not.toMatch(/=+ (FAILURES|ERRORS) =+/);
    expect(replica.log()).not.toContain('UnexpectedError');
  } finally {
    await replica.stop();
    await Promise.all([postgres.stop(), polyteia.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
});
