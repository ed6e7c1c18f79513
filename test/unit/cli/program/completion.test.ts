import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../../../cli/program/examples.ts';
import { createProgram } from '../../../../cli/program/program.ts';
import { createFolderDocumentStore } from '../../../../shared/runs/documents/folder-document-store.ts';
import { createRunStore } from '../../../../shared/runs/records/run-store.ts';
import { runRecord } from '../../../support/api.ts';
import { createTestCliContext } from '../../../support/cli/cli-context.ts';
import { runFerry } from '../../../support/cli/ferry-command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry completion ü '));
});
afterAll(() => rm(folder, { recursive: true }));

const run = promisify(execFile);

describe('ferry completion', () => {
  it('completes commands, options and jobs in bash', async () => {
    const { stdout: script } = await runFerry(['completion', 'bash'], { folder });
    const complete = async (...words: string[]) => {
      const ask = `${script}
ferry() { echo "asked:$*" >&3; printf 'open-orders\\nhr-staff\\n'; }
exec 3>>asked.txt
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_ferry; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = await run('bash', ['--noprofile', '--norc', '-c', ask], { cwd: folder });
      return stdout.split('\n').filter(Boolean);
    };
    expect(await complete('ferry', 'ru')).toEqual(['run', 'run-once', 'runs']);
    expect(await complete('ferry', '--config', 'x', 'clean', '--d')).toEqual(['--days', '--dry-run']);
    expect(await complete('ferry', 'run', 'op')).toEqual(['open-orders']);
    expect(await complete('ferry', 'completion', '--sec')).toEqual(['--secrets']);
    expect(await complete('ferry', 'completion', '')).toEqual(
      expect.arrayContaining(['bash', 'zsh', 'fish']),
    );
    expect(await complete('ferry', '--log-level', 'd')).toEqual(['debug']);
    // Options only where one is begun: they would hide the names.
    expect(await complete('ferry', '')).not.toContain('--stack');
    expect(await complete('ferry', 'validate', '')).toEqual([]);
    expect(await complete('ferry', '--stat')).toEqual(['--state']);
    // A value that is the name of a command is none; the configuration that is typed is the one that is asked.
    expect(await complete('ferry', '--config', 'run', 'check', 'op')).toEqual(['open-orders']);
    expect(await complete('ferry', 'accept', '--state', 'ä b', 'hr')).toEqual(['hr-staff']);
    expect(await readFile(join(folder, 'asked.txt'), 'utf8')).toBe(
      'asked:completion jobs\nasked:--config run completion checked\nasked:--state ä b completion refused\n',
    );
  });

  it.each(['bash', 'zsh', 'fish'])('names every command for %s', async (shell) => {
    const { stdout, exitCode } = await runFerry(['completion', shell], { folder });
    const program = await createProgram(createTestCliContext(folder));
    for (const command of program.commands) expect(stdout).toContain(command.name());
    expect(exitCode).toBe(0);
  });

  it('knows the jobs of the configuration, and none where it is wrong', async () => {
    const names = async () => (await runFerry(['completion', 'jobs'], { folder })).stdout;
    expect(await names()).toBe('');
    await writeFile(
      join(folder, 'ferry.yaml'),
      `version: 1
sources: { erp: { type: postgres, host: h, auth: { type: password, secret: s } } }
polyteia: { default: { token: t } }
syncs: { orders: { source: erp, query: SELECT 1 AS a, dataset: ds_a } }
extractions: { catalogs: { sources: [erp] } }
`,
    );
    expect(await names()).toBe('orders\ncatalogs\n');
    const checked = await runFerry(['completion', 'checked'], { folder });
    expect(checked.stdout).toBe('orders\ncatalogs\nerp\n');
    const { stderr, exitCode } = await runFerry(['completion', 'tcsh'], { folder });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining('bash, zsh, fish.'),
    });
  });
});

it('ferry completion knows the runs that a command can do something with', async () => {
  const store = createRunStore(createFolderDocumentStore(join(folder, '.ferry')));
  const id = (n: number) => `019aa401-7c1e-7000-8000-00000000000${n}`;
  const startedAt = new Date().toISOString();
  const common = { ...runRecord(), job: 'orders', startedAt };
  await store.save({ ...common, id: id(1), state: 'succeeded', outcome: 'uploaded', archived: true });
  await store.save({ ...common, id: id(2), state: 'failed', error: { class: 'GuardError', message: 'few' } });
  await store.save({ ...common, id: id(3), state: 'failed', error: { class: 'QueryError', message: 'bad' } });
  await store.save({ ...common, id: id(4), state: 'running' });
  const names = async (kind: string) =>
    (await runFerry(['completion', kind], { folder })).stdout.split('\n').filter(Boolean);
  expect(await names('refused')).toEqual([id(2)]);
  expect(await names('archived')).toEqual([id(1)]);
  expect(await names('running')).toEqual([id(4)]);
  expect(await names('listed')).toEqual(expect.arrayContaining(['orders', id(1), id(2), id(3), id(4)]));
});

describe('--help of a command', () => {
  it('shows the options of all commands, and an example that ferry understands', async () => {
    const program = await createProgram(createTestCliContext(folder));
    for (const command of program.commands) {
      const { stdout, exitCode } = await runFerry([command.name(), '--help'], { folder });
      expect(exitCode).toBe(0);
      expect(stdout).toContain('--secrets <file>');
      for (const line of EXAMPLES[command.name()] ?? ['none']) {
        expect(stdout).toContain(line);
        expect(line).toContain(command.name());
        for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(stdout).toContain(option);
      }
    }
  });
});
