// Makes a fresh clone usable without a set-up step: installs the packages when they are missing or stale, fetches what
// the command needs besides, then runs it with Node 24 (the npm package `node`) first on PATH. Nothing is started when
// nothing has changed. Plain JavaScript without dependencies, because it runs before anything is installed and on
// whatever Node started npm.
//
// package.json starts it with `exec`: a shell in between would keep a signal that npm passes on to itself.
//
// usage: node scripts/bootstrap.mjs [--extensions] [--test-tools] <command> [args…]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from '../shared/lock.mjs';
import { arePackagesInstalled } from './installed-packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const binaries = join(root, 'node_modules', '.bin');
const environment = {
  // Reading and compiling Ferry's modules takes half the time of a short command: this is done once, not each time.
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
  ...process.env,
  PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}`,
};

/** What a command can ask for: a script that prints the files it has fetched, and what these depend on. */
const STEPS = {
  '--extensions': {
    script: 'scripts/fetch-extensions.ts',
    args: ['--if-missing'],
    sources: ['package-lock.json', 'shared/duckdb/fetch-extensions.ts', 'shared/duckdb/extension-hashes.ts'],
  },
  '--test-tools': {
    script: 'test/support/tools/fetch-all.ts',
    args: [],
    sources: ['package-lock.json', 'test/support/tools', 'test/support/processes/python.ts'],
    variables: /^FERRY_TEST_\w+_URL$/,
    // Tests that do without can still run; the others say what is missing.
    mayFail: true,
  },
};

async function installPackages() {
  const stamp = join(root, 'node_modules', '.ferry-installed');
  const wanted = hashOf(['package-lock.json']);
  // The stamp alone is enough if npm leaves out more than expected here, so that it is not asked each time.
  const isReady = () => readIfThere(stamp) === wanted || arePackagesInstalled(root);
  if (isReady()) return;

  // Two at once would remove each other's packages.
  const onWait = () => process.stderr.write('Another npm script is installing the packages …\n');
  await withLock(join(root, '.cache', 'packages.lock'), installUnlessReady, { onWait });

  function installUnlessReady() {
    if (isReady()) return;
    process.stderr.write('Installing packages (once; about a minute) …\n');
    const quiet = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts=false'];
    // npm's own output goes to stderr: stdout belongs to the command, which may print JSON.
    const { status, error } = spawnSync('npm', quiet, { cwd: root, stdio: ['ignore', 2, 2] });
    if (error || status !== 0) {
      const reason = error ? `: ${error.message}` : '';
      fail(`npm ci failed${reason}. Is the npm registry reachable?`, status);
    }
    writeFileSync(stamp, wanted);
  }
}

/** Runs the script of a step unless everything that it fetched last time still exists and is still wanted. */
function prepare(name) {
  const { script, args, sources, variables, mayFail = false } = STEPS[name];
  const record = join(root, '.cache', `ready${name.slice(1)}.json`);
  const wanted = hashOf(sources, variables);
  if (isRecorded(record, wanted)) return;
  const { status, stdout } = spawnSync('node', [join(root, script), ...args], {
    cwd: root,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  if (status !== 0 && !mayFail) process.exit(status || 1);
  if (status !== 0) return;
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, JSON.stringify({ wanted, files: stdout.split('\n').filter(Boolean) }));
}

function isRecorded(record, wanted) {
  try {
    const last = JSON.parse(readFileSync(record, 'utf8'));
    return last.wanted === wanted && last.files.every((file) => existsSync(file));
  } catch {
    return false;
  }
}

/** Hashes files, the files directly in folders, the platform, and environment variables. */
function hashOf(sources, variables) {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`);
  for (const source of sources) {
    const path = join(root, source);
    const isFile = (name) => /\.\w+$/.test(name);
    const names = isFile(source) ? [''] : readdirSync(path, { recursive: true }).filter(isFile).sort();
    for (const name of names) hash.update(readFileSync(join(path, name)));
  }
  const chosen = Object.entries(process.env).filter(([name]) => variables?.test(name));
  return hash.update(JSON.stringify(chosen.sort())).digest('hex');
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function fail(message, status) {
  process.stderr.write(`${message}\n`);
  process.exit(status || 1);
}

const given = process.argv.slice(2);
const firstOther = given.findIndex((argument) => !(argument in STEPS));
const [command, ...args] = given.slice(firstOther);
if (firstOther < 0)
  fail(`usage: node scripts/bootstrap.mjs [${Object.keys(STEPS).join('] [')}] <command> [args…]`, 2);
await installPackages();
for (const step of given.slice(0, firstOther)) prepare(step);

// The caller's folder stays the working directory: `npm run` sets INIT_CWD to where the user stood.
let signalledAt;
// Before the child begins, so that no signal is lost in between.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // The child decides when to end, and this process follows. With Ctrl-C in a terminal, the child gets a second signal
  // right away.
  process.on(signal, () => {
    // A process whose native threads wait for a frozen server cannot end itself: when a person insists, it is ended
    // from here.
    const insisted = signalledAt !== undefined && performance.now() - signalledAt > 2_000;
    signalledAt ??= performance.now();
    child.kill(insisted ? 'SIGKILL' : signal);
  });
}
const child = spawn(command, args, { cwd: root, env: environment, stdio: 'inherit' });
child.on('error', (error) => {
  process.stderr.write(`${command} could not be started: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) =>
  process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)),
);
