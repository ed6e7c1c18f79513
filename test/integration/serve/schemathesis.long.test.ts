import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parseHostRule } from '../../../shared/network/host-rule.ts';
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
      extractions: { catalogs: { sources: ['erp'] } },
    },
    secrets: {
      erp: { username: postgres.user, password: postgres.password },
      polyteia: polyteia.personalAccessKey,
    },
    documents: createFolderDocumentStore(join(folder, 'state')),
    workFolder: join(folder, 'work'),
    api: { host: '127.0.0.1', port: 0, access: { type: 'token', token: TOKEN } },
    atlan: {
      rules: { hostRule: parseHostRule('127.0.0.0/8', '--allow-hosts'), roleArns: [], tls: {} },
      applicationName: 'postgres',
      configDays: 30,
    },
  });
  try {
    const authorization = `Bearer ${TOKEN}`;
    const started = await fetch(`${replica.api}/jobs/orders/runs`, {
      method: 'POST',
      headers: { authorization },
    });
    const { runId } = (await started.json()) as { runId: string };
    const extracting = await fetch(`${replica.api}/workflows/v1/start`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: '{"workflow_id":"catalogs"}',
    });
    expect(extracting.status).toBe(200);
    const extraction = (await extracting.json()) as { data: { run_id: string } };
    // Names that there are: a made-up one is only ever answered with 404. A key that stood for another request is refused by design.
    await writeFile(
      join(folder, 'schemathesis.toml'),
      [
        '[parameters]',
        'job = "orders"',
        `id = "${runId}"`,
        'workflow = "catalogs"',
        `run = "${extraction.data.run_id}"`,
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
    // All of them: none is left out, and none has failed.
    expect(stdout).toMatch(/Selected: (\d+)\/\1\s+Tested: \1\s/);
    expect(stdout).toMatch(/Test cases:\s+(\d+) generated, \1 passed/);
    expect(stdout).not.toMatch(/=+ (FAILURES|ERRORS) =+/);
    expect(replica.log()).not.toContain('UnexpectedError');
  } finally {
    await replica.stop();
    await Promise.all([postgres.stop(), polyteia.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
});
