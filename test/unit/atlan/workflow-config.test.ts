import { expect, it } from 'vitest';
import {
  createWorkflowConfigs,
  type WorkflowConfig,
} from '../../../shared/atlan/workflows/workflow-config.ts';
import { StateError } from '../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';

const DAY_MS = 86_400_000;
const config: WorkflowConfig = {
  workflowId: 'w-1',
  connection: { connection_name: 'Größe' },
  metadata: { 'include-filter': '{}' },
  credentialGuid: 'erp',
  source: 'erp',
  outputPrefix: '/tmp/output',
  applicationName: 'postgres',
};

it('definitions are kept for some days after they were last stored', async () => {
  let now = Date.parse('2026-11-29T12:00:00Z');
  const configs = createWorkflowConfigs(createMemoryDocumentStore(), { days: 30, now: () => now });
  expect(await configs.find('w-1')).toBeUndefined();
  await configs.save(config);
  now += 29 * DAY_MS;
  expect(await configs.find('w-1')).toEqual(config);
  await configs.save({ ...config, outputPrefix: 'other' });
  now += 29 * DAY_MS;
  expect(await configs.find('w-1')).toMatchObject({ outputPrefix: 'other' });
  now += 2 * DAY_MS;
  expect(await configs.find('w-1')).toBeUndefined();
});

it('are listed by the store’s clock', async () => {
  const documents = createMemoryDocumentStore();
  const configs = createWorkflowConfigs(documents, { days: 30 });
  await configs.save(config);
  expect(await configs.list()).toEqual({ current: ['w-1'], expired: [] });
  const later = createWorkflowConfigs(documents, { days: -1 });
  expect(await later.list()).toEqual({ current: [], expired: ['w-1'] });
  await later.remove('w-1');
  expect(await documents.list('workflows/', 10)).toEqual([]);
});

it('one that is there and cannot be read is an error that says what to do', async () => {
  const documents = createMemoryDocumentStore();
  await documents.put('workflows/w-1.json', '{"schemaVersion": 1');
  const reading = createWorkflowConfigs(documents, { days: 30 }).find('w-1');
  await expect(reading).rejects.toThrow(StateError);
  await expect(reading).rejects.toMatchObject({ hint: expect.stringContaining('start the workflow again') });
});
