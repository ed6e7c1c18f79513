import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  assertPortsDiffer,
  readApiSettings,
  readServeSettings,
} from '../../../../cli/served/serve-settings.ts';
import { currentAccess } from '../../../../shared/serve/listeners/api-access.ts';
import { createLogger } from '../../../../shared/telemetry/logger.ts';
import { errorOf } from '../../../support/polyteia/polyteia-client.ts';

const logger = createLogger({ level: 'silent' });

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

describe('the address of the API', () => {
  const read = async (apiHost: string) =>
    (await readApiSettings({ apiHost, apiAuth: 'none' }, { folder: '.', environment: {}, logger })).host;

  it.each([
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['[::]', '::'],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['localhost', 'localhost'],
    ['ferry-1.example.org', 'ferry-1.example.org'],
    ['ferry_api', 'ferry_api'],
  ])('may be %s', async (written, host) => {
    expect(await read(written)).toBe(host);
  });

  it('is this machine’s, in brackets too', async () => {
    const settings = await readApiSettings({ apiHost: '[::1]' }, { folder: '.', environment: {}, logger });
    expect(settings).toMatchObject({ host: '::1', access: { type: 'loopback' } });
  });

  it.each([
    ['127.0.0.1:8000'],
    ['[::1]:8000'],
    ['[127.0.0.1]'],
    ['[localhost]'],
    ['[]'],
    ['http://localhost'],
    ['*'],
    ['8000'],
    ['127.1'],
    ['127.0.0.256'],
    ['0x7f000001'],
    [':::1'],
    ['local host'],
    ['ferry..example.org'],
    ['größe.example.org'],
    ['/run/ferry.sock'],
  ])('is not %s', async (written) => {
    const error = await errorOf(read(written));
    expect(error.message).toContain('--api-host: expected an address of this machine');
    expect(error.hint).toContain('--api-port');
  });

  it('is on another port than the health checks', () => {
    expect(() => assertPortsDiffer(8000, { port: 8000 })).toThrow(
      'HEALTH_CHECK_PORT and --api-port are both 8000.',
    );
    for (const [health, api] of [
      [8080, { port: 8000 }],
      [0, { port: 0 }],
      [8000, undefined],
    ] as const)
      expect(() => assertPortsDiffer(health, api)).not.toThrow();
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
  const read = (options: object, environment: Record<string, string> = {}, to = logger) =>
    readApiSettings(options, { folder, environment, logger: to });

  it('is this machine, unless a token is given', async () => {
    expect(await read({})).toEqual({ host: '127.0.0.1', port: 8000, access: { type: 'loopback' } });
    expect(await read({ apiHost: '::1', apiPort: '0' })).toMatchObject({
      port: 0,
      access: { type: 'loopback' },
    });
    expect(await read({}, { FERRY_API_TOKEN: ' s3cret ' })).toMatchObject({
      access: { type: 'token', token: 's3cret' },
    });
    expect(await currentAccess((await read({ apiHost: '0.0.0.0', apiTokenFile: 'token' })).access)).toEqual({
      type: 'token',
      token: 's3cret',
    });
    expect(await read({ apiHost: '0.0.0.0', apiAuth: 'none' })).toMatchObject({ access: { type: 'none' } });
  });

  it('follows a token that is rotated, and keeps the last one while its file is empty', async () => {
    await writeFile(join(folder, 'rotated'), 'alt\n');
    const { access } = await read({ apiTokenFile: 'rotated' });
    const tokens: unknown[] = [];
    for (const text of ['neu-1', '', 'neu-2']) {
      await writeFile(join(folder, 'rotated'), text);
      tokens.push(await currentAccess(access));
    }
    expect(tokens).toEqual(['neu-1', 'neu-1', 'neu-2'].map((token) => ({ type: 'token', token })));
  });

  it('says once that the last token stays valid, and once that it no longer has to', async () => {
    await writeFile(join(folder, 'removed'), 'alt\n');
    const lines: string[] = [];
    const log = createLogger({
      level: 'info',
      format: 'text',
      destination: { write: (line) => void lines.push(line) },
    });
    const { access } = await read({ apiTokenFile: 'removed' }, {}, log);
    await currentAccess(access);
    expect(lines).toEqual([]);
    await rm(join(folder, 'removed'));
    for (let request = 0; request < 2; request += 1) await currentAccess(access);
    expect(lines.join('')).toMatch(
      /^\S+ WARN +\S.*removed does not exist\. The last API token stays valid until it can be read again\..*\n$/,
    );
    lines.length = 0;
    await writeFile(join(folder, 'removed'), 'neu\n');
    for (let request = 0; request < 2; request += 1)
      expect(await currentAccess(access)).toMatchObject({ token: 'neu' });
    expect(lines.join('')).toMatch(/^\S+ INFO +\S.*removed can be read again: its token is the valid one\n$/);
  });

  it.each([
    [{ apiHost: '0.0.0.0' }, {}, 'needs a token'],
    [{ apiHost: '::' }, { FERRY_API_TOKEN: '  ' }, 'needs a token'],
    [{}, { FERRY_API_HOST: 'ferry.example.org' }, 'The API on ferry.example.org needs a token'],
    [{ apiAuth: 'token' }, {}, 'needs a token'],
    [{ apiTokenFile: 'empty' }, {}, 'is empty'],
    [{ apiTokenFile: 'two' }, {}, 'contains spaces'],
    [{ apiTokenFile: 'nothing' }, {}, 'does not exist'],
    [{}, { FERRY_API_TOKEN: 'größe' }, 'no header can carry'],
    [{ apiAuth: 'none' }, { FERRY_API_TOKEN: 's3cret' }, 'exclude each other'],
    [{ apiAuth: 'basic' }, {}, '--api-auth: expected none or token'],
  ])('is never everyone by mistake: %o %o', async (options, environment, message) => {
    const error = await errorOf(read(options, environment as Record<string, string>));
    expect(error.message).toContain(message);
    expect(`${error.message} ${error.hint}`).not.toContain('s3cret');
  });
});
