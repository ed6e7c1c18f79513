import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStackApi } from '../../../cli/stack/stack-api.ts';
import { unknownNameMessage } from '../../../shared/config/unknown-name.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { runRecord } from '../../support/api.ts';
import { runFerry } from '../../support/cli/ferry-command.ts';

/** What a person, or a script with an empty variable, may give as the name of a job or the id of a run. */
const NAMES: [string, string][] = [
  ['the folder above', '..'],
  ['the folder itself', '.'],
  ['a path', '../../runs'],
  ['a slash', '/'],
  ['nothing', ''],
  ['a blank', ' orders'],
  ['an encoded slash', 'orders%2f..'],
  ['a backslash', '..\\runs'],
  ['a property of every object', '__proto__'],
  ['full-width letters', 'ｏｒｄｅｒｓ'],
  ['a Cyrillic letter', 'оrders'],
  ['an invisible character', 'orders\u200b'],
  ['half a character', 'orders\ud800'],
  ['a control character', 'orders\u001b[2J'],
  ['5,000 letters', 'x'.repeat(5_000)],
];

const CONFIG = `version: 1
sources:
  erp: { type: postgres, host: localhost, database: erp, auth: { type: password, secret: erp } }
polyteia: { default: { token: t } }
syncs:
  orders: { source: erp, query: SELECT 1 AS id, dataset: ds_cv4t2cf0i6q1gflvu4m0 }
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry names ü '));
  await writeFile(join(folder, 'ferry.yaml'), CONFIG);
  await createRunStore(createFolderDocumentStore(join(folder, '.ferry'))).save(runRecord());
});
afterAll(() => rm(folder, { recursive: true }));

const COMMANDS = ['run', 'runs', 'schedule', 'check', 'preview', 'tree', 'cancel', 'accept', 'resend'];

describe.each(NAMES)('%s as a name', (_what, name) => {
  it('is refused by every command', async () => {
    for (const command of COMMANDS) {
      const { exitCode, stdout, stderr } = await runFerry([command, '--', name], { folder });
      expect(stderr, command).toMatch(
        /^ConfigError: (?:unknown (?:sync|source or job|source|job or run) "|There is no (?:job|run) )/,
      );
      expect(stderr, command).not.toContain('\u001b');
      expect(stderr.length, command).toBeLessThan(1_000);
      expect({ exitCode, stdout }, command).toEqual({ exitCode: 2, stdout: '' });
    }
  });

  it('asks no other route of the API of a stack', async () => {
    // Nobody listens there: what is asked fails otherwise.
    const api = createStackApi({ apiUrl: 'http://127.0.0.1:1/v1/', region: 'eu-central-1' }, async () => ({
      accessKeyId: 'a',
      secretAccessKey: 'b',
    }));
    const calls = [
      () => api.getJob(name),
      () => api.listRuns({ job: name, limit: 1 }),
      () => api.startRun(name, 'k'),
      () => api.getRun(name),
      () => api.cancel(name),
      () => api.sendAgain('accept', name, 'k', undefined),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ class: 'ConfigError' });
  });
});

describe('a name that', () => {
  it('is the beginning of one name, which somebody shortened', () => {
    const names = ['einwohner', 'hundesteuer-koeln', 'gebuehren', 'gebuehren-mysql'];
    expect(unknownNameMessage('sync', 'hundesteuer', names)).toBe(
      'unknown sync "hundesteuer"; did you mean "hundesteuer-koeln"?',
    );
    for (const word of ['gebueh', 'hu', ''])
      expect(unknownNameMessage('sync', word, names)).toBe(
        `unknown sync "${word}" (valid: ${names.join(', ')})`,
      );
  });

  it('is none of forty is answered with some of them', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `stadt-${index + 1}`);
    expect(unknownNameMessage('job', 'x', names)).toBe(
      `unknown job "x" (valid: ${names.slice(0, 10).join(', ')} and 30 more)`,
    );
  });
});
