import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { followFile } from '../../../cli/local/follow-file.ts';
import { openSecrets } from '../../../cli/options.ts';
import { loadConfig } from '../../../shared/config/load-config.ts';
import { ferryConfigSchema } from '../../../shared/config/schema/ferry-config.ts';
import { ConfigError, StorageUnavailableError } from '../../../shared/errors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry secrets ü '));
  return () => rm(folder, { recursive: true, force: true });
});

const loaded = { config: ferryConfigSchema.parse({ version: 1, sources: {} }), secrets: new Map() };
const open = (secrets: string) =>
  openSecrets({ config: 'ferry.yaml', secrets }, loaded, { folder, environment: {} });
const body = (password: string) => JSON.stringify({ 'ferry/erp': { username: 'atlan', password } });

describe('secrets in a file', () => {
  it('are read again for each run: a rotated one is seen', async () => {
    await writeFile(join(folder, 'secrets.json'), body('alt'));
    const secrets = await open('secrets.json');
    expect(JSON.parse(await secrets.read('ferry/erp'))).toMatchObject({ password: 'alt' });
    await writeFile(join(folder, 'neu'), body('neu1-Größe'));
    await rename(join(folder, 'neu'), join(folder, 'secrets.json'));
    expect(JSON.parse(await secrets.read('ferry/erp'))).toMatchObject({ password: 'neu1-Größe' });
  });

  it('are seen when Kubernetes replaces the folder that a mounted secret is a link into', async () => {
    // https://pkg.go.dev/k8s.io/kubernetes/pkg/volume/util#AtomicWriter: secrets.json -> ..data/secrets.json
    const version = async (name: string, password: string) => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'secrets.json'), body(password));
      await symlink(name, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await version('..2026_11_29', 'alt');
    await symlink('..data/secrets.json', join(folder, 'secrets.json'));
    const secrets = await open('secrets.json');
    expect(await secrets.read('ferry/erp')).toContain('alt');
    await version('..2026_11_30', 'neu');
    await rm(join(folder, '..2026_11_29'), { recursive: true });
    expect(await secrets.read('ferry/erp')).toContain('neu');
  });

  it('of a connector’s .env are read again, too', async () => {
    const env = (password: string) =>
      `PERSONAL_ACCESS_TOKEN=pak_x\nDATASET_ID=ds_cv4t2cf0i6q1gflvu4m0\nCRON_SCHEDULE='0 4 * * *'\nSOURCE_DATABASE_HOST=h\nSOURCE_DATABASE_PORT=5432\nSOURCE_DATABASE_USER=u\nSOURCE_DATABASE_PASSWORD='${password}'\nSOURCE_DATABASE_NAME=erp\nSOURCE_DATABASE_TYPE=postgres\nSOURCE_DATABASE_SQL_QUERY='SELECT * FROM db.events'\n`;
    const path = join(folder, '.env');
    await writeFile(path, env('alt'));
    const config = await loadConfig({ path, environment: {}, scheduler: 'process' });
    const secrets = await openSecrets({ config: '.env' }, config, { folder, environment: {} });
    expect(await secrets.read('env/source')).toContain('alt');
    await writeFile(path, env('neu'));
    expect(await secrets.read('env/source')).toContain('neu');
  });

  it('of a pipe are read once, because it has nothing more to say', async () => {
    const path = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [path]);
    const [secrets] = await Promise.all([open('pipe'), writeFile(path, body('durchgereicht'))]);
    for (let run = 1; run <= 2; run += 1) expect(await secrets.read('ferry/erp')).toContain('durchgereicht');
  });

  it('that are wrong or missing from the start are a mistake of the configuration, with the cause', async () => {
    await expect(open('nirgends.json')).rejects.toThrow(`${join(folder, 'nirgends.json')} does not exist.`);
    await writeFile(join(folder, 'halb.json'), body('x').slice(0, -4));
    await expect(open('halb.json')).rejects.toBeInstanceOf(ConfigError);
  });
});

describe('a file that is half written when it is read', () => {
  const half = '{"ferry/erp": "ge';

  it('is read again in a moment', async () => {
    const path = join(folder, 'secrets.json');
    await writeFile(path, '{"ferry/erp":"alt"}');
    const file = await followFile(path, (text) => JSON.parse(text) as unknown, {
      named: '',
      sleep: () => writeFile(path, '{"ferry/erp":"neu"}'),
    });
    await writeFile(path, half);
    expect(await file.read()).toEqual({ 'ferry/erp': 'neu' });
  });

  it.each([
    ['stays so', (path: string) => writeFile(path, half), 'is not valid JSON.'],
    ['is gone', (path: string) => rm(path), 'does not exist.'],
  ])('fails for now if it %s, and says nothing of what is in it', async (_how, damage, said) => {
    const path = join(folder, 'secrets.json');
    await writeFile(path, '{"ferry/erp":"alt"}');
    const parse = (text: string) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw new ConfigError(`${path} is not valid JSON.`);
      }
    };
    const file = await followFile(path, parse, { named: '', sleep: async () => {} });
    await damage(path);
    const error = await file.read().catch((thrown: unknown) => thrown as StorageUnavailableError);
    expect(error).toBeInstanceOf(StorageUnavailableError);
    expect(error).toMatchObject({ retryable: true, message: expect.stringContaining(said) });
    expect(JSON.stringify(error)).not.toContain('ferry/erp');
  });
});
