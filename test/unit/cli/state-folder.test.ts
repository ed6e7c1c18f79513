import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { newRunId } from '../../../shared/runs/run-id.ts';
import { runRecord } from '../../support/api.ts';
import { runFerry } from '../../support/cli/ferry-command.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ferry state's ü "));
  await mkdir(join(folder, 'town'));
});
afterEach(() => rm(folder, { recursive: true }));

const ferry = (args: string[], from = '.') => runFerry(args, { folder: join(folder, from) });
const save = (state: string, id = newRunId()) => {
  const store = createRunStore(createFolderDocumentStore(join(folder, state)));
  return store.save({ ...runRecord(), id }).then(() => id);
};
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('the state folder', () => {
  it('lies beside the configuration, wherever one stands', async () => {
    const id = await save('town/.ferry');
    for (const [from, config] of [
      ['.', 'town/ferry.yaml'],
      ['town', 'ferry.yaml'],
      ['town/.ferry', '../ferry.yaml'],
    ]) {
      const { stdout, stderr } = await ferry(['runs', '--config', config ?? ''], from);
      expect({ from, stderr, found: stdout.includes(id) }).toEqual({ from, stderr: '', found: true });
    }
  });

  it('is one of its own for each .env file with a name', async () => {
    const berlin = await save('town/.ferry/berlin.env');
    const other = await save('town/.ferry');
    expect((await ferry(['runs', '--config', 'town/berlin.env'])).stdout).toContain(berlin);
    expect((await ferry(['runs', '--config', 'town/hamburg.env'])).stderr).toMatch(
      /There are no runs in .*town\/\.ferry\/hamburg\.env, and .*hamburg\.env does not exist\./,
    );
    expect((await ferry(['runs', '--config', 'town/.env'])).stdout).toContain(other);
  });

  it('is the one that an earlier release left in the working folder, until somebody moves it', async () => {
    const id = await save('.ferry');
    await rm(join(folder, '.ferry', '.gitignore'));
    const { stdout, stderr } = await ferry(['runs', '--config', 'town/ferry.yaml']);
    expect(stdout).toContain(id);
    const [, command] = /^warning: the state is still where .* To move it: (.*)\n$/.exec(stderr) ?? [];
    const { execFileSync } = await import('node:child_process');
    execFileSync('sh', ['-c', command ?? 'false']);
    const moved = await ferry(['runs', '--config', 'ferry.yaml'], 'town');
    expect(moved.stdout).toContain(id);
    expect(moved.stderr).toBe('');
  });

  it('of another configuration in the working folder is left alone', async () => {
    await save('.ferry');
    const { stderr } = await ferry(['runs', '--config', 'town/ferry.yaml']);
    expect(stderr).toMatch(/There are no runs in .*town\/\.ferry, and .*town\/ferry\.yaml does not exist\./);
  });

  it('is for its owner alone, and stays out of version control', async () => {
    const id = await save('town/.ferry');
    const state = join(folder, 'town/.ferry');
    const file = join(folder, 'result.parquet');
    await writeFile(file, 'data', { mode: 0o644 });
    await createRunStore(createFolderDocumentStore(state)).keepRefused('orders', id, file);
    for (const entry of await readdir(state, { recursive: true, withFileTypes: true }))
      expect([entry.name, await modeOf(join(entry.parentPath, entry.name))]).toEqual([
        entry.name,
        entry.isDirectory() ? '700' : '600',
      ]);
    expect(await modeOf(state)).toBe('700');
    expect(await readFile(join(state, '.gitignore'), 'utf8')).toBe('*\n');
  });
});

describe('ferry init', () => {
  it('keeps state and secrets out of version control, and what is in .gitignore already', async () => {
    await writeFile(join(folder, 'town/.gitignore'), 'node_modules/\n.ferry/');
    await ferry(['init', 'town']);
    await ferry(['init', 'town', '--force']);
    expect(await readFile(join(folder, 'town/.gitignore'), 'utf8')).toBe(
      'node_modules/\n.ferry/\n/secrets.json\n',
    );
  });

  it.each([
    [[], /SYNC +SOURCE .*\nopen-orders +erp /, /ferry run open-orders --config/],
    [['--extraction'], /EXTRACTION +SOURCES .*\ncatalogs +erp +all /, /ferry tree erp --extraction catalogs/],
  ])('%j writes a file that is valid, and says what is next', async (options, jobs, next) => {
    const written = await ferry(['init', 'neu', '--force', ...options]);
    expect(written.stdout).toMatch(next);
    const { exitCode, stdout } = await ferry(['validate', '--config', 'neu/ferry.yaml']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(jobs);
  });
});

describe('ferry clean', () => {
  const DAY_MS = 86_400_000;
  const idOf = (daysAgo: number) => newRunId(new Date(Date.now() - daysAgo * DAY_MS));
  const filesIn = async (path: string) =>
    (await readdir(join(folder, path), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);

  it('says what it would free, then frees it, and keeps what is asked for', async () => {
    const old = [];
    for (let day = 0; day < 25; day += 1) old.push(await save('.ferry', idOf(200 + day)));
    const refused = join(folder, '.ferry/refused/orders');
    await mkdir(refused, { recursive: true });
    const kept = join(refused, `${old[22]}.parquet`);
    const expired = join(refused, `${old[23]}.parquet`);
    for (const path of [kept, expired]) await writeFile(path, 'x'.repeat(5_000));
    const lastWeek = new Date(Date.now() - 8 * DAY_MS);
    await utimes(expired, lastWeek, lastWeek);
    const artifacts = join(folder, '.ferry/artifacts/atlan/katalog');
    const [first, latest] = [idOf(300), idOf(250)];
    for (const id of [first, latest]) {
      await mkdir(join(artifacts, id, 'raw'), { recursive: true });
      await writeFile(join(artifacts, id, 'raw', '1.parquet'), 'x'.repeat(1_000));
    }
    await writeFile(join(artifacts, 'latest.json'), JSON.stringify({ runId: latest }));

    const before = await filesIn('.ferry');
    const planned = await ferry(['clean', '--dry-run']);
    expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
    expect(planned.stdout).toMatch(/^OLD +NUMBER +SIZE\nrefused files +1 +5.0 kB\nrecords of runs +4 /);
    expect(planned.stdout).toMatch(/files of extractions +1 +1.0 kB\nWould free .* in .*\.ferry\.\n$/);
    expect(await filesIn('.ferry')).toEqual(before);

    const { stdout } = await ferry(['clean']);
    expect(stdout).toBe(planned.stdout.replace('Would free', 'Freed'));
    const { stdout: listed } = await ferry(['runs', '--json', '--limit', '100']);
    const ids = (JSON.parse(listed) as { id: string }[]).map(({ id }) => id);
    expect(ids).toEqual([...old.slice(0, 20), old[22]]);
    expect(await readdir(refused)).toEqual([`${old[22]}.parquet`]);
    expect((await readdir(artifacts)).sort()).toEqual([latest, 'latest.json'].sort());
    expect((await ferry(['clean'])).stdout).toMatch(/^Nothing in .* is old\.\n$/);
  });

  it('does nothing where there is no state, and refuses a bucket', async () => {
    expect((await ferry(['clean'])).stdout).toMatch(/^Nothing in /);
    expect(await readdir(folder)).toEqual(['town']);
    const { exitCode, stderr } = await ferry(['clean', '--state', 's3://some-bucket']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('lifecycle rules');
  });
});
