import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { odbcDriverFiles } from '../../infra/code/odbc-drivers.ts';
import { selectForFunction } from '../../shared/config/deployment/deployed-config.ts';
import { loadConfig } from '../../shared/config/load-config.ts';

/** The beginning of a library for a processor. */
const elf = (machine: number) =>
  Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(14), Buffer.from([machine, 0])]);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry drivers ü '));
  await mkdir(join(folder, 'drivers'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the folder of ODBC drivers', () => {
  it('goes into the code, with links as the files that they mean', async () => {
    const drivers = join(folder, 'drivers');
    await writeFile(join(drivers, 'libpq.so.5.15'), elf(0xb7));
    await symlink('libpq.so.5.15', join(drivers, 'libpq.so.5'));
    await writeFile(join(drivers, 'README.md'), 'where they come from');
    await (await odbcDriverFiles('arm64', drivers))(join(folder, 'code'));
    const copied = await readdir(join(folder, 'code', 'extensions', 'drivers'), { withFileTypes: true });
    expect(copied.map((entry) => [entry.name, entry.isFile()])).toEqual([
      ['libpq.so.5', true],
      ['libpq.so.5.15', true],
    ]);
  });

  it.each([
    ['another processor', 'libpq.so.5', elf(0x3e), /libpq\.so\.5 is not a library for arm64/],
    [
      'no library',
      'libpq.so.5',
      Buffer.from('GROUP ( libpq.so )'),
      /libpq\.so\.5 is not a library for arm64/,
    ],
    ['nothing of use', 'libpq.a', elf(0xb7), /contains no libraries/],
  ])('is refused with %s in it', async (_what, name, content, message) => {
    await writeFile(join(folder, 'drivers', name), content);
    await expect(odbcDriverFiles('arm64', join(folder, 'drivers'))).rejects.toThrow(message);
  });

  it('is refused if it does not exist', async () => {
    await expect(odbcDriverFiles('arm64', join(folder, 'nowhere'))).rejects.toThrow(/does not exist/);
  });
});

describe('the driver of a source', () => {
  const load = async (driver: string) => {
    await writeFile(
      join(folder, 'ferry.yaml'),
      `version: 1
drivers: ./drivers
sources: { erp: { type: odbc, odbc: { product: postgresql, driver: ${driver} }, host: h, database: d, auth: { type: password, secret: s } } }
syncs: { orders: { source: erp, query: SELECT 1, dataset: ds_1 } }
polyteia: { default: { token: t } }`,
    );
    const { config } = await loadConfig({ path: join(folder, 'ferry.yaml'), environment: {} });
    const deployed = selectForFunction(config, { kind: 'sync', source: 'erp', jobs: ['orders'] } as never);
    return [config.sources.erp?.odbc?.driver, deployed.sources.erp?.odbc?.driver];
  };

  it('is the file in the folder here, and its name where the code is deployed', async () => {
    await writeFile(join(folder, 'drivers', 'psqlodbcw.so'), elf(0xb7));
    expect(await load('psqlodbcw.so')).toEqual([join(folder, 'drivers', 'psqlodbcw.so'), 'psqlodbcw.so']);
    expect(await load('./drivers/psqlodbcw.so')).toEqual([
      join(folder, 'drivers', 'psqlodbcw.so'),
      'psqlodbcw.so',
    ]);
  });

  it('stays what it is elsewhere', async () => {
    expect(await load('/opt/lib/psqlodbcw.so')).toEqual(['/opt/lib/psqlodbcw.so', '/opt/lib/psqlodbcw.so']);
    expect(await load('PostgreSQL Unicode')).toEqual(['PostgreSQL Unicode', 'PostgreSQL Unicode']);
  });
});
