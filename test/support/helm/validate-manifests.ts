import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../processes/lock.ts';
import { pythonEnvironment } from '../processes/python.ts';
import { cache, reason } from '../tools/install/surroundings.ts';

const run = promisify(execFile);
const VERSION = '1.37.0';
const NEEDS = [
  'jsonschema==4.26.0',
  'importlib-resources',
  'packaging',
  'PyYAML',
  'referencing',
  'typing-extensions',
];

// The command itself, which would read five megabytes of definitions for each object.
const VALIDATE = `
import functools, sys
import kubernetes_validate.utils as utils
utils.schema_contents = functools.cache(utils.schema_contents)
from kubernetes_validate.__main__ import main
sys.exit(main())
`;

/** What a validator says of manifests. */
export interface Validation {
  /** Kind and name of each object that fits, once for each release. */
  passed: string[];
  /** What it says of the others. */
  problems: string[];
}

/**
 * Compares manifests with the schemas of releases of Kubernetes, by kubernetes-validate of PyPI, which carries them. A field that a
 * schema does not know is a problem.
 *
 * @param folder for a file
 * @param releases such as `1.34`
 */
export async function validateManifests(
  manifests: string,
  folder: string,
  releases: readonly string[],
): Promise<Validation> {
  const { python } = await pythonEnvironment();
  const file = join(folder, 'manifests.yaml');
  await writeFile(file, manifests);
  const args = ['-c', VALIDATE, '--strict', ...releases.flatMap((release) => ['-k', release]), file];
  const env = { PATH: process.env.PATH, PYTHONPATH: await validatorPath(python) };
  const { stdout } = await run(python, args, { env }).catch((error: { code: unknown; stdout: string }) => {
    if (error.code !== 1) throw error;
    return error;
  });
  const lines = stdout.trim().split('\n');
  const passed = lines.flatMap((line) => / passed for resource (\S+) against/.exec(line)?.[1] ?? []);
  return { passed, problems: lines.filter((line) => !line.startsWith('INFO ')) };
}

/** For PYTHONPATH. The package stays zipped, as Python reads it so too: it has 17,000 files. */
async function validatorPath(python: string): Promise<string> {
  const folder = join(cache, 'kubernetes-validate', VERSION);
  if (!existsSync(folder)) await withLock(`${folder}.lock`, () => fetchValidator(python, folder));
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl')) ?? '';
  return [join(folder, wheel), join(folder, 'needs')].join(delimiter);
}

async function fetchValidator(python: string, folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const pip = (...args: string[]) =>
    run(python, ['-m', 'pip', ...args, '--quiet', '--disable-pip-version-check', '--only-binary=:all:']);
  try {
    await pip('download', '--no-deps', '--dest', draft, `kubernetes-validate==${VERSION}`);
    await pip('install', '--target', join(draft, 'needs'), ...NEEDS);
  } catch (error) {
    throw new Error(`kubernetes-validate could not be fetched: ${reason(error)}`, { cause: error });
  }
  await rename(draft, folder);
}
