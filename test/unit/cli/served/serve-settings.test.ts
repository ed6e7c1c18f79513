import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readApiSettings, readServeSettings } from '../../../../cli/served/serve-settings.ts';
import { errorOf } from '../../../support/polyteia/polyteia-client.ts';

describe('the settings of ferry serve', () => {
  it('have the defaults of the docs', () => {
    expect(readServeSettings({}, {})).toEqual({
      catchUpMs: 3_600_000,
      graceMs: 25_000,
      timeoutMs: 6 * 3_600_000,
      maxRuns: 2,
      name: 'ferry',
      healthPort: 8080,
    });
  });

  it('come from options, else from variables; one that is empty is not set', () => {
    const environment = {
      FERRY_CATCH_UP: '12h',
      FERRY_GRACE: '1m30s',
      FERRY_MAX_RUNS: ' 4 ',
      FERRY_NAME: '',
      HEALTH_CHECK_PORT: '9090',
    };
    expect(readServeSettings({ grace: '0' }, environment)).toMatchObject({
      catchUpMs: 12 * 3_600_000,
      graceMs: 0,
      maxRuns: 4,
      name: 'ferry',
      healthPort: 9090,
    });
  });

  it.each([
    [{ catchUp: 'tomorrow' }, {}, '--catch-up: expected a time'],
    [{ catchUp: '-1h' }, {}, '--catch-up: expected a time'],
    [{ timeout: '0' }, {}, '--timeout: expected a time'],
    [{}, { FERRY_GRACE: '25' }, 'FERRY_GRACE: expected a time'],
    [{}, { HEALTH_CHECK_PORT: '80800' }, 'HEALTH_CHECK_PORT: expected a number from 0 to 65535'],
    [{ maxRuns: '1e1' }, {}, '--max-runs: expected a number from 1 to 64'],
    [{ maxRuns: '0' }, {}, '--max-runs: expected a number from 1 to 64'],
    [{ name: 'a/b' }, {}, '--name: expected up to 64'],
  ])('that are wrong are refused by their name: %o %o', (options, environment, message) => {
    expect(() => readServeSettings(options, environment)).toThrow(message);
  });
});

describe('who may use the API', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry token ü '));
    await writeFile(join(folder, 'token'), 's3cret\r\n');
    await writeFile(join(folder, 'empty'), '\n');
    await writeFile(join(folder, 'two'), 'one\ntwo\n');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const read = (options: object, environment: Record<string, string> = {}) =>
    readApiSettings(options, { folder, environment });

  it('is this machine, unless a token is given', async () => {
    expect(await read({})).toEqual({ host: '127.0.0.1', port: 8000, access: { type: 'loopback' } });
    expect(await read({ apiHost: '::1', apiPort: '0' })).toMatchObject({
      port: 0,
      access: { type: 'loopback' },
    });
    expect(await read({}, { FERRY_API_TOKEN: ' s3cret ' })).toMatchObject({
      access: { type: 'token', token: 's3cret' },
    });
    expect(await read({ apiHost: '0.0.0.0', apiTokenFile: 'token' })).toMatchObject({
      access: { type: 'token', token: 's3cret' },
    });
    expect(await read({ apiHost: '0.0.0.0', apiAuth: 'none' })).toMatchObject({ access: { type: 'none' } });
  });

  it.each([
    [{ apiHost: '0.0.0.0' }, {}, 'needs a token'],
    [{ apiHost: '::' }, { FERRY_API_TOKEN: '  ' }, 'needs a token'],
    [{}, { FERRY_API_HOST: 'ferry.example.org' }, 'The API on ferry.example.org needs a token'],
    [{ apiAuth: 'token' }, {}, 'needs a token'],
    [{ apiTokenFile: 'empty' }, {}, 'is empty'],
    [{ apiTokenFile: 'two' }, {}, 'contains spaces'],
    [{ apiTokenFile: 'nothing' }, {}, 'cannot be read'],
    [{}, { FERRY_API_TOKEN: 'größe' }, 'no header can carry'],
    [{ apiAuth: 'none' }, { FERRY_API_TOKEN: 's3cret' }, 'exclude each other'],
    [{ apiAuth: 'basic' }, {}, '--api-auth: expected none or token'],
  ])('is never everyone by mistake: %o %o', async (options, environment, message) => {
    const error = await errorOf(read(options, environment as Record<string, string>));
    expect(error.message).toContain(message);
    expect(`${error.message} ${error.hint}`).not.toContain('s3cret');
  });
});
