import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readServedConfig } from '../../../../cli/served/served-config.ts';
import { assertHardLinks, openServedState } from '../../../../cli/served/served-state.ts';
import { stateFolderOf } from '../../../../cli/state-folder.ts';
import { ConfigError, StorageUnavailableError } from '../../../../shared/errors.ts';
import { createMemoryDocumentStore } from '../../../../shared/runs/documents/memory-document-store.ts';
import { createLogger } from '../../../../shared/telemetry/logger.ts';
import { errorOf } from '../../../support/polyteia/polyteia-client.ts';
import { withEnvironment } from '../../../support/processes/process-environment.ts';

let folder: string;
let blocked: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry served ü '));
  // A folder below a file cannot be made by anyone, not even root.
  blocked = join(folder, 'file');
  await writeFile(blocked, '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function open(named: string | undefined, working: string, config?: string) {
  const logged: string[] = [];
  const logger = createLogger({ level: 'warn', destination: { write: (line) => logged.push(line) } });
  const context = { folder: working, environment: {} } as Parameters<typeof openServedState>[1];
  return { logged, state: openServedState(named, context, logger, config) };
}

describe('the state of a process that keeps schedules', () => {
  it('is where it is named, and that must be writable: the message names the mount', async () => {
    const { state } = open('state', folder);
    expect((await state).own).toEqual({ folder: join(folder, 'state') });
    const error = await errorOf(open(join(blocked, 'state'), folder).state);
    expect(error.message).toContain('The state folder');
    expect(error.hint).toMatch(/PersistentVolumeClaim.*emptyDir.*--state or FERRY_STATE/s);
  });

  it('is a folder for temporary files where the working folder cannot be written to, with a warning', async () => {
    const { state, logged } = open(undefined, join(blocked, 'work'));
    expect((await state).own).toEqual({ folder: join(tmpdir(), 'ferry-state') });
    expect(logged.join('')).toContain('as at the end of a container, guards and --catch-up begin again');
  });

  it('is not looked for elsewhere where a volume is mounted that cannot be written to', async () => {
    const working = await mkdtemp(join(folder, 'mounted '));
    // Another file system, on which nobody can make a file.
    await symlink('/proc', join(working, '.ferry'));
    const error = await errorOf(open(undefined, working).state);
    expect(error.message).toBe(
      `The state folder ${join(working, '.ferry')} cannot be written to: it does not exist, and cannot be created there.`,
    );
    expect(error.hint).toContain('make it writable for this user');
  });

  describe('with a configuration in another folder', () => {
    const layout = async (...folders: string[]) => {
      const working = await mkdtemp(join(folder, 'layout '));
      for (const each of ['town', ...folders]) await mkdir(join(working, each), { recursive: true });
      return working;
    };
    const place = async (working: string, config = 'town/ferry.yaml') => {
      const { state, logged } = open(undefined, working, config);
      const own = (await state).own;
      return [own && 'folder' in own ? relative(working, own.folder) : own, logged.join('')];
    };

    it('is beside it, where `ferry run` has its baselines, also when .ferry holds something else', async () => {
      expect((await place(await layout()))[0]).toBe('town/.ferry');
      expect((await place(await layout('.ferry/demo/state/jobs')))[0]).toBe('town/.ferry');
      expect((await place(await layout('.ferry/demo', 'town/.ferry/jobs')))[0]).toBe('town/.ferry');
    });

    it('is that of `ferry run` for a .env file with a name, too', async () => {
      expect((await place(await layout(), 'berlin.env'))[0]).toBe('.ferry/berlin.env');
      expect((await place(await layout('.ferry/hamburg.env/jobs'), 'berlin.env'))[0]).toBe(
        '.ferry/berlin.env',
      );
      expect((await place(await layout(), '.env'))[0]).toBe('.ferry');
    });

    it('is in the working folder if that was made for it, as in the image, or was used before', async () => {
      expect((await place(await layout('.ferry')))[0]).toBe('.ferry');
      expect((await place(await layout('.ferry/jobs')))[0]).toBe('.ferry');
    });

    it('is a folder for each .env file with a name, whose jobs are all called default', async () => {
      for (const name of ['berlin.env', '.env.berlin', 'Köln Süd.env']) {
        const own = (file: string) => relative(file, stateFolderOf({ config: `${file}/${name}` }, outside));
        const outside = { folder, stderr: process.stderr };
        const working = await layout();
        expect((await place(working, `town/${name}`))[0]).toBe(`town/.ferry/${name}`);
        expect(own(join(working, 'town'))).toBe(`.ferry/${name}`);
        expect((await place(join(working, 'town'), name))[0]).toBe(`.ferry/${name}`);
        // A volume, as in the image.
        expect((await place(await layout('.ferry'), `town/${name}`))[0]).toBe(`.ferry/${name}`);
      }
      expect((await place(await layout(), 'town/.env'))[0]).toBe('town/.ferry');
    });

    it('is named in a warning when other commands have another one', async () => {
      const [where, warning] = await place(await layout('.ferry/jobs', 'town/.ferry/jobs'));
      expect(where).toBe('.ferry');
      expect(warning).toContain('there are two states');
    });
  });

  it('is refused on a file system without hard links', async () => {
    const missing = Object.assign(new Error('no links'), { code: 'EPERM' });
    const replace = async () => {
      throw new StorageUnavailableError('away', { cause: missing });
    };
    const error = await errorOf(assertHardLinks('/srv/state', { ...createMemoryDocumentStore(), replace }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain('/srv/state is on a file system without hard links');
    await assertHardLinks('/srv/state', createMemoryDocumentStore());
    missing.code = 'ENOSPC';
    expect(
      (await errorOf(assertHardLinks('/srv/state', { ...createMemoryDocumentStore(), replace }))).message,
    ).toBe('away');
  });

  it('is not opened without a folder for temporary files: the message names the emptyDir', async () => {
    await withEnvironment({ TMPDIR: join(blocked, 'tmp') }, async () => {
      const error = await errorOf(open('state', folder).state);
      expect(error.message).toContain('The folder for temporary files');
      expect(error.hint).toContain('an emptyDir at /tmp');
    });
  });

  it.each(['s3://', 's3://Bucket', 'S3://bucket', 's3://bucket/path', 's3:bucket'])(
    'is no bucket where the address is none: %s',
    async (named) => {
      expect((await errorOf(open(named, folder).state)).message).toContain('is not the address of a bucket');
    },
  );

  it.each(['gs://bucket', 'https://u:p@store.example.org/b', 'file:///srv/state'])(
    'is no folder of this name where the address is another one: %s',
    async (named) => {
      const { message } = await errorOf(open(named, folder).state);
      expect(message).toBe('--state (FERRY_STATE): this is the address of neither a folder nor a bucket.');
      expect(await readdir(folder)).not.toContain(named.split('/')[0]);
    },
  );
});

describe('the configuration of a process that keeps schedules', () => {
  const yaml = 'version: 1\nsources: {}\nsyncs: {}\n';
  const env = [
    'PERSONAL_ACCESS_TOKEN=pak_file',
    'DATASET_ID=ds_file',
    'SOURCE_DATABASE_HOST=localhost',
    'SOURCE_DATABASE_PORT=5432',
    'SOURCE_DATABASE_USER=user',
    'SOURCE_DATABASE_NAME=app',
    'SOURCE_DATABASE_TYPE=postgres',
    "SOURCE_DATABASE_SQL_QUERY='SELECT * FROM db.events'",
  ];
  const variables = Object.fromEntries(env.map((line) => line.replaceAll("'", '').split(/=(.*)/s)));
  const make = async (name: string, files: Record<string, string>) => {
    const place = join(folder, name);
    await mkdir(place, { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(place, file), text);
    return place;
  };

  it('is ferry.yaml before .env, and .env before the environment', async () => {
    const both = await make('both', { 'ferry.yaml': yaml, '.env': env.join('\n') });
    const file = await make('env', { '.env': env.join('\n') });
    const none = await make('none', {});
    const read = (working: string, environment = {}, named?: string) =>
      readServedConfig({ folder: working, environment }, named);
    expect(await read(both)).toMatchObject({ connector: false, config: { syncs: {} } });
    expect(await read(both, {}, '.env')).toMatchObject({ connector: true });
    expect(await read(file, { ...variables, DATASET_ID: 'ds_environment' })).toMatchObject({
      connector: true,
      config: {
        syncs: {
          default: {
            dataset: 'ds_file',
            whenUnchanged: 'upload',
            schedule: { cron: '0 0 * * *', timezone: 'UTC' },
          },
        },
      },
    });
    expect(await read(none, { ...variables, TZ: 'Europe/Berlin' })).toMatchObject({
      connector: true,
      config: { syncs: { default: { schedule: { timezone: 'Europe/Berlin' } } } },
    });
    expect((await errorOf(read(none, { PERSONAL_ACCESS_TOKEN: 'x' }))).message).toContain(
      'no configuration was found',
    );
  });
});
