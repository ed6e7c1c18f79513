import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findNewerPython } from './find-python.ts';
import { withLock } from './lock.ts';

const run = promisify(execFile);
const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** The emulator of AWS, and its version. */
export const MINISTACK = 'ministack==1.5.33';

// MiniStack stands in for AWS, `cryptography` is what its TLS needs, `aws` runs what the docs say, pyarrow reads Parquet files
// independently of DuckDB.
const requirements = [MINISTACK, 'cryptography==50.0.2', 'awscli==1.46.3', 'pyarrow==26.0.1'];

// Calls the API with everything that its document allows, and with what it does not.
const fuzzers = ['schemathesis==4.32.5'];

// Reads /metrics as Prometheus does.
const scrapers = ['prometheus-client==0.26.0'];

// Reads the SQL of databases that the tests have none of.
const parsers = ['sqlglot==30.30.0'];

// Atlan's own client, with its model of assets.
const clients = ['pyatlan==11.6.0'];

// Compares templates with the schemas of CloudFormation.
const linters = ['cfn-lint==1.41.0'];

// Compares them with what is advised.
const advisers = ['checkov==3.3.30'];

// Makes an environment of packages as they were on a day.
const installers = ['uv==0.13.9'];

// The last release that starts without an account. It fails with what its packages have become since.
const LOCALSTACK = ['localstack-core[runtime]==4.14.0', 'service_identity==24.2.0', 'setuptools==82.0.0'];
const LOCALSTACK_DAY = '2026-03-05';

// What people use to bring a table into Parquet, for the benchmark of syncs.
const peers = [
  'connectorx==0.4.6',
  'adbc-driver-postgresql==1.13.0',
  'pyarrow==26.0.1',
  'dlt[parquet]==1.31.0',
  'sqlalchemy==2.1.9',
  'psycopg2-binary==2.9.13',
];

/** A virtual environment with the tests' Python packages. */
export interface PythonEnvironment {
  /** The path of its interpreter. */
  python: string;
  /** The path of a command that a package brought. */
  bin(name: string): string;
}

/** The tests' Python packages, installed into `.cache/python` on first use. Parallel workers wait for one another. */
export function pythonEnvironment(): Promise<PythonEnvironment> {
  return environmentOf('python', requirements);
}

/** Schemathesis, in a separate environment: its packages are many, and only one long test needs them. */
export function schemathesisEnvironment(): Promise<PythonEnvironment> {
  return environmentOf('schemathesis', fuzzers);
}

/** Prometheus' client, in a separate environment, which is made in seconds. */
export function prometheusEnvironment(): Promise<PythonEnvironment> {
  return environmentOf('prometheus', scrapers);
}

/** A parser of SQL, in a separate environment, which is made in seconds. */
export function sqlParserEnvironment(): Promise<PythonEnvironment> {
  return environmentOf('sql-parser', parsers);
}

/** Atlan's client, in a separate environment, as only one long test needs it. */
export function pyatlanEnvironment(): Promise<PythonEnvironment> {
  return environmentOf('pyatlan', clients);
}

/** cfn-lint, in a separate environment, which takes long to make. */
export function cfnLintEnvironment(): Promise<PythonEnvironment> {
  return environmentOf('cfn-lint', linters);
}

/** checkov, in a separate environment of 200 MB. */
export function checkovEnvironment(): Promise<PythonEnvironment> {
  return environmentOf('checkov', advisers);
}

/** Programs that Ferry is compared with, in a separate environment, which only a benchmark needs. */
export function benchmarkEnvironment(): Promise<PythonEnvironment> {
  return environmentOf('peers', peers);
}

/** LocalStack, without the containers that it is usually run in, in a separate environment of 330 MB that is made in seconds. */
export function localStackEnvironment(): Promise<PythonEnvironment> {
  const wanted = [LOCALSTACK_DAY, ...LOCALSTACK];
  return environmentOf('localstack', wanted, async (folder) => {
    const uv = (await environmentOf('uv', installers)).bin('uv');
    const asOf = ['--exclude-newer', LOCALSTACK_DAY];
    try {
      await run(uv, ['venv', '--no-config', '--python', findNewerPython() ?? '3.13', folder]);
      const place = ['--python', join(folder, 'bin', 'python')];
      await run(uv, ['pip', 'install', '--no-config', '--no-cache', ...place, ...asOf, ...LOCALSTACK]);
    } catch (error) {
      throw new Error(
        `LocalStack needs Python 3.12 or newer (or its path in FERRY_TEST_PYTHON_313), and packages from PyPI: ${reason(error)}`,
      );
    }
  });
}

async function environmentOf(
  name: string,
  packages: readonly string[],
  make = async (folder: string) => {
    await createVenv(folder);
    await install(join(folder, 'bin', 'python'), packages);
  },
): Promise<PythonEnvironment> {
  const folder = join(root, '.cache', name);
  const stamp = join(folder, 'ferry-requirements');
  // Console scripts hold the absolute path of their interpreter, so a project that moved needs them again.
  const wanted = [folder, ...packages].join('\n');
  const python = join(folder, 'bin', 'python');
  const isReady = () => existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (!isReady()) {
    await withLock(`${folder}.lock`, async () => {
      if (isReady()) return;
      await rm(folder, { recursive: true, force: true });
      await make(folder);
      await writeFile(stamp, wanted);
    });
  }
  return { python, bin: (command) => join(folder, 'bin', command) };
}

async function createVenv(folder: string): Promise<void> {
  try {
    await run('python3', ['-m', 'venv', folder]);
  } catch (error) {
    throw new Error(
      `Python 3 with venv is needed for these tests (apt-get install python3 python3-venv): ${reason(error)}`,
    );
  }
}

async function install(python: string, packages: readonly string[]): Promise<void> {
  try {
    const quiet = ['--quiet', '--disable-pip-version-check', '--only-binary=:all:'];
    await run(python, ['-m', 'pip', 'install', ...quiet, ...packages]);
  } catch (error) {
    throw new Error(`pip could not install ${packages.join(', ')}: ${reason(error)}`);
  }
}

function reason(error: unknown): string {
  const { stderr = '', stdout = '', message } = error as Error & { stderr?: string; stdout?: string };
  // venv explains itself on stdout, pip on stderr.
  return (stderr.trim() || stdout.trim() || message).split('\n').slice(-5).join('\n');
}
