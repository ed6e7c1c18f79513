import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createApi } from '../../../shared/api/create-api.ts';
import { createAtlanApi } from '../../../shared/atlan/create-atlan-api.ts';
import { createMemoryDocumentStore } from '../../../shared/runs/documents/memory-document-store.ts';
import { createRunRequestStore } from '../../../shared/runs/records/run-request-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { jobs } from '../../support/api.ts';

// Bodies as other programs write them.

const documents = createMemoryDocumentStore();
const dependencies = {
  documents,
  check: async ({ id }: { id: string }) => id,
  readJobs: async () => jobs,
  runs: createRunStore(documents),
  requests: createRunRequestStore(documents),
  start: async () => {},
  logger: createLogger({ level: 'silent' }),
};
const signedIn: unknown[] = [];
const atlan = createAtlanApi(dependencies, {
  catalogs: {
    signIn: async (target) => void signedIn.push(target),
    list: async () => [],
    check: async () => Promise.reject(new Error('nobody asks')),
  },
  applicationName: 'default',
  waitMs: 0,
});
const apis = [
  ['Ferry’s own API', createApi(dependencies), '/jobs/orders/runs', '{}', 202],
  ['Atlan’s API', atlan, '/workflows/v1/auth', '{"credential_guid":"Größe"}', 200],
] as const;

describe.each(apis)('a body of %s', (_name, api, path, json, accepted) => {
  const send = (body: Uint8Array, headers: Record<string, string> = {}) =>
    api.fetch(
      new Request(`http://ferry${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: new Uint8Array(body),
      }),
      { caller: 'somebody' },
    );

  it.each([
    ['as it is', '', {}],
    ['with a byte-order mark', '\ufeff', {}],
    ['that says it is as it is', '', { 'content-encoding': 'Identity' }],
  ])('%s is read', async (_what, mark, headers) => {
    const answer = await send(Buffer.from(mark + json), headers);
    expect([answer.status, await answer.clone().text()]).toEqual([accepted, expect.any(String)]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('that is compressed is refused as that', async () => {
    const answer = await send(gzipSync(json), { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(415);
    expect(answer.headers.get('accept-encoding')).toBe('identity');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).toContain('without Content-Encoding');
  });

  it('in Latin-1 is refused, and not read without its umlauts', async () => {
    const answer = await send(Buffer.from('{"why":"Größe"}', 'latin1'));
    expect([400, 422]).toContain(answer.status);
    expect(await answer.text()).toContain('UTF-8');
  });
});

it('a byte-order mark is no part of a text', () => {
  expect(signedIn.at(-1)).toEqual({ source: 'Größe' });
});
