// Makes a fresh clone usable without a set-up step: installs the packages when they are missing or stale, fetches DuckDB's
// extensions when asked to, then runs the given command with Node 24 (the npm package `node`) first on PATH.
// Plain JavaScript without dependencies, because it runs before anything is installed and on whatever Node started npm.
//
// package.json starts it with `exec`: a shell in between would keep a signal that npm passes on to itself.
//
// usage: node scripts/bootstrap.mjs [--extensions] <command> [args…]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const binaries = join(root, 'node_modules', '.bin');
const environment = {
  // Reading and compiling Ferry's modules takes half of the time that a short command does: it is done once, not each time.
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
  ...process.env,
  PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}`,
};

/** The lockfile and the platform decide what node_modules must hold; their hash is kept beside what was installed from them. */
function installPackages() {
  const stamp = join(root, 'node_modules', '.ferry-installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  process.stderr.write('Installing packages (once; about a minute) …\n');
  const quiet = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm's own output goes to stderr: stdout belongs to the command, which may print JSON.
  const { status, error } = spawnSync('npm', quiet, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error || status !== 0) {
    process.stderr.write(
      `npm ci failed${error ? `: ${error.message}` : ''}. Is the npm registry reachable?\n`,
    );
    process.exit(status || 1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

function fetchExtensions() {
  const script = join(root, 'scripts', 'fetch-extensions.ts');
  const { status } = spawnSync('node', [script, '--if-missing'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(status || 1);
}

const [first, ...rest] = process.argv.slice(2);
const [command, ...args] = first === '--extensions' ? rest : [first, ...rest];
if (!command) {
  process.stderr.write('usage: node scripts/bootstrap.mjs [--extensions] <command> [args…]\n');
  process.exit(2);
}
installPackages();
if (first === '--extensions') fetchExtensions();

// The caller's folder stays the working directory: `npm run` sets INIT_CWD to where the user stood.
let signalledAt;
const child = spawn(command, args, { cwd: root, env: environment, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // The child decides when to end, this process follows it. From a terminal it gets Ctrl-C a second time, right away.
  process.on(signal, () => {
    // A process whose native threads wait for a frozen server cannot end itself: who insists ends it from here.
    const insisted = signalledAt !== undefined && performance.now() - signalledAt > 2_000;
    signalledAt ??= performance.now();
    child.kill(insisted ? 'SIGKILL' : signal);
  });
}
child.on('error', (error) => {
  process.stderr.write(`${command} could not be started: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) =>
  process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)),
);
