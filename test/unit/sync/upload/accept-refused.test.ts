import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import { createRunStore, type RunStore } from '../../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../../shared/runs/run-id.ts';
import { acceptRefused } from '../../../../shared/sync/upload/accept-refused.ts';
import { createLogger } from '../../../../shared/telemetry/logger.ts';
import { runRecord } from '../../../support/api.ts';
import { configWith } from '../../../support/aws/synthesize.ts';

/** A run that was to send a refused file, delivered again after some run of the job has uploaded. */
async function deliverAgain(
  uploadedBy: 'itself' | 'another run',
  when: 'before' | 'while it waits' = 'before',
) {
  const config = configWith({ jobs: 1, sources: 1 });
  const [job = '', sync] = Object.entries(config.syncs)[0] ?? [];
  const facts = { job, dataset: sync?.dataset ?? '', source: sync?.source ?? '' };
  const store = createRunStore(createMemoryDocumentStore());
  const refused = runRecord({ ...facts, state: 'failed', error: { class: 'GuardError', message: 'no' } });
  const sent = runRecord({ ...facts, trigger: 'api', triggeredBy: 'anna' });
  await store.save(refused);
  await store.save(sent);
  const upload = () =>
    store.saveLastUpload(job, {
      schemaVersion: 1,
      runId: uploadedBy === 'itself' ? sent.id : newRunId(),
      at: new Date(Date.parse(refused.endedAt ?? '') + 60_000).toISOString(),
      target: 'default',
      dataset: facts.dataset,
      rows: 1,
      bytes: 1,
      contentType: 'application/vnd.apache.parquet',
      schema: [],
      settled: true,
    });
  if (when === 'before') await upload();
  const contended: RunStore = {
    ...store,
    async acquireLease(how) {
      await upload();
      return store.acquireLease(how);
    },
  };
  const options = {
    config,
    trigger: { type: 'api' as const, triggeredBy: 'anna' },
    // One that is delivered again has ended; a first one has not begun.
    runId: when === 'before' ? sent.id : newRunId(),
    scope: 'Ferry',
    store: when === 'before' ? store : contended,
    secrets: { read: () => Promise.reject(new Error('none is needed')) },
    workFolder: tmpdir(),
    extensionFolders: [],
    memoryLimitBytes: 64_000_000,
    threads: 1,
    logger: createLogger({ level: 'silent' }),
  };
  return { sent, refused, answer: acceptRefused(options, refused.id, undefined) };
}

it('accepts a second delivery of a run that has uploaded the file itself', async () => {
  const { sent, answer } = await deliverAgain('itself');
  expect(await answer).toMatchObject({ id: sent.id, state: 'succeeded' });
});

it('refuses to replace what another run has uploaded since', async () => {
  const { refused, answer } = await deliverAgain('another run');
  await expect(answer).rejects.toThrow(`Since run ${refused.id} was refused`);
});

it('refuses it too when the other run uploaded while this one waited for the lease of the job', async () => {
  const { refused, answer } = await deliverAgain('another run', 'while it waits');
  expect(await answer).toMatchObject({
    state: 'failed',
    error: { class: 'ConfigError', message: expect.stringContaining(`Since run ${refused.id} was refused`) },
  });
});
