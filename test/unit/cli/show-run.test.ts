import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeFailures } from '../../../shared/extraction/databases/describe-failures.ts';
import { createFolderDocumentStore } from '../../../shared/runs/documents/folder-document-store.ts';
import type { DatabaseOutcome, RunRecord } from '../../../shared/runs/records/run-record.ts';
import { createRunStore } from '../../../shared/runs/records/run-store.ts';
import { runRecord } from '../../support/api.ts';
import { runFerry } from '../../support/cli/ferry-command.ts';

let folder: string;
const ID = '019aa401-7c1e-7000-8000-000000000001';
const FORTY = '01aaa401-7c1e-7000-8000-000000000002';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry run ü '));
  const store = createRunStore(createFolderDocumentStore(join(folder, 'ämter/.ferry')));
  await store.save(nightOfForty());
  await store.save({
    ...runRecord(),
    id: ID,
    job: 'bestellungen',
    state: 'failed',
    rows: 3_000,
    durationMs: 1_230,
    phases: [{ name: 'export', durationMs: 1_100 }],
    warnings: ['The login is a superuser.'],
    error: {
      class: 'GuardError',
      phase: 'guards',
      message: 'The dataset was left unchanged: 3,000 rows are fewer than minRows: 9000.',
      hint: `If the result is right, send exactly this file: ferry accept ${ID}. Otherwise fix the source.`,
    },
  });
});
/** An extraction's run of forty databases, of which some failed. */
function nightOfForty(): RunRecord {
  const names = Array.from({ length: 40 }, (_, index) => `stadt_${index + 1}`);
  const denied = (name: string) => ({
    class: 'AuthError',
    message: `The source denies user "ferry" access to database "${name}".`,
    hint: 'Grant CONNECT.',
  });
  const databases: DatabaseOutcome[] = names.map((database, index) => ({
    source: 'erp',
    database,
    ...(index < 3
      ? { state: 'failed', entities: 0, error: denied(database) }
      : index === 3
        ? {
            state: 'failed',
            entities: 0,
            error: {
              class: 'SourceUnavailableError',
              message: 'It has no connections left.',
              hint: 'Raise it.',
            },
          }
        : { state: 'extracted', entities: 21 }),
  }));
  const error = describeFailures(databases);
  const { dataset: _dataset, target: _target, source: _source, ...common } = runRecord();
  return {
    ...common,
    id: FORTY,
    job: 'kataloge',
    kind: 'extraction',
    sources: names.map((name) => name.replace('_', '-')),
    state: 'partial',
    databases,
    phases: [
      { name: 'prepare', durationMs: 10 },
      ...names.slice(4).flatMap((name, index) => [
        { name: `erp/${name}`, durationMs: 100 + index },
        { name: 'publish', durationMs: 1 },
      ]),
      { name: 'manifest', durationMs: 20 },
    ],
    ...(error ? { error } : {}),
  };
}
afterAll(() => rm(folder, { recursive: true }));

const state = ['--state', 'ämter/.ferry'];
const ferry = (args: string[], environment: Record<string, string> = {}) =>
  runFerry(args, { folder, environment });

describe('ferry runs RUN', () => {
  it.each([ID, '019aa401'])('says why %s failed, and all else about it', async (id) => {
    const { stdout, stderr, exitCode } = await ferry(['runs', id, ...state]);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toMatch(new RegExp(`^bestellungen refused.*: run ${ID}\n`));
    expect(stdout).toContain('\nresult    3,000 rows');
    expect(stdout).toContain(
      'GuardError in the phase "guards": The dataset was left unchanged: 3,000 rows are fewer than minRows: 9000.\n  → If the result',
    );
    expect(stdout).toMatch(/\nPHASE +TIME\nexport +1\.10 s\n/);
    expect(stdout).toMatch(/\nwarning: The login is a superuser\.\n$/);
  });

  it('says of forty databases each cause once, and how long they took in one line', async () => {
    const { stdout } = await ferry(['runs', FORTY, ...state]);
    expect(stdout).toContain('\nsources   stadt-1, stadt-2, stadt-3 and 37 more\ndatabases 36 of 40 read\n');
    expect(stdout).toContain(
      `
4 of 40 databases failed:
  erp/stadt_1, erp/stadt_2, erp/stadt_3: AuthError: The source denies user "ferry" access to database "stadt_1".
    → Grant CONNECT.
  erp/stadt_4: SourceUnavailableError: It has no connections left.
    → Raise it.

PHASE           TIME
prepare       0.01 s
36 databases  4.27 s
manifest      0.02 s
slowest: erp/stadt_40 0.14 s, erp/stadt_39 0.13 s, erp/stadt_38 0.13 s
`,
    );
  });

  it('is one record with --json', async () => {
    const { stdout } = await ferry(['runs', ID, ...state, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ id: ID, state: 'failed', error: { class: 'GuardError' } });
  });

  it('prints a command that can be pasted: called as this one was, for the same runs', async () => {
    const npm = {
      npm_lifecycle_event: 'ferry',
      npm_package_json: '/opt/ferry/package.json',
      INIT_CWD: folder,
    };
    for (const [environment, called] of [
      [{}, 'ferry'],
      [{ ...npm, INIT_CWD: '/opt/ferry' }, 'npm run -s ferry --'],
      [npm, 'npm --prefix /opt/ferry run -s ferry --'],
    ] as const) {
      const { stdout } = await ferry(['runs', ID, ...state, '--secrets', 'a b.json'], environment);
      expect(stdout).toContain(
        `this file: ${called} accept ${ID} --state 'ämter/.ferry' --secrets 'a b.json'. Otherwise fix`,
      );
    }
  });

  it('says that a name is neither a job nor a run, and where it looked', async () => {
    const { stdout, stderr, exitCode } = await ferry(['runs', 'bestelungen', ...state]);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain('unknown job or run "bestelungen"; did you mean "bestellungen"?');
    expect(stderr).toContain(join(folder, 'ämter/.ferry'));
  });

  it('lists the runs of a job, with the word that the terminal had', async () => {
    const { stdout } = await ferry(['runs', 'bestellungen', ...state]);
    expect(stdout).toMatch(/bestellungen +refused/);
  });

  it('lists below them why some failed, each cause once', async () => {
    const { stdout } = await ferry(['runs', ...state]);
    const [, why = ''] = stdout.split('\n\n');
    expect(why).toContain(`Why (what to do: ferry runs RUN):
  kataloge: AuthError, SourceUnavailableError: 4 of 40 databases failed.`);
    expect(stdout).toMatch(/^\S+ \S+ +kataloge +partial .* AuthError \+1$/m);
    expect(why).toContain(`
  bestellungen: GuardError: The dataset was left unchanged: 3,000 rows are fewer
    than minRows: 9000.
`);
    expect(Math.max(...why.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('of a configuration that is not there is an error, not an empty list', async () => {
    const { stderr, exitCode } = await ferry(['runs']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${join(folder, 'ferry.yaml')} does not exist.`);
    expect(stderr).toContain('--config');
  });
});

it('a place without runs that is not there is said to be missing: it may be misspelled', async () => {
  const { stderr } = await runFerry(['runs', '--state', 'nirgends'], { folder });
  expect(stderr).toMatch(/^No runs yet in .*nirgends, which does not exist\.\n$/);
});
