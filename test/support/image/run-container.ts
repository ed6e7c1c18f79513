import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BoundProcess, spawnBound } from '../processes/bound-process.ts';
import { findTool } from '../tools/find-tool.ts';
import type { BuiltImage } from './build-image.ts';
import { RUNC } from './container-tools.ts';

const run = promisify(execFile);

/** How a container is started. */
export interface ContainerOptions {
  /** What stands after the image's name. @default what the image says */
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Paths in the container → folders or files of this machine; read-only but for those in `writable`. */
  mounts?: Readonly<Record<string, string>>;
  writable?: Readonly<Record<string, string>>;
  /** As with `--user`. @default the image's */
  user?: { uid: number; gid: number };
  /** Whether /tmp is mounted: an image's own is read-only. @default true */
  hasTmp?: boolean;
}

/** A container that runs. */
export interface Container extends AsyncDisposable {
  process: BoundProcess;
  /** What it has printed, on both outputs. */
  log(): Promise<string>;
  /** Of its process, which has ended. */
  exitCode(): Promise<number>;
  /** Runs a further program in it, as the container's user; resolves with its exit code. */
  exec(command: readonly string[]): Promise<number>;
  /** Sends a signal to its process; resolves with the exit code, and with the milliseconds until it ended. */
  stop(signal: 'TERM' | 'KILL'): Promise<{ exitCode: number; ms: number }>;
}

const READ_ONLY = ['nosuid', 'nodev', 'ro', 'rbind'];

/**
 * Runs an image by runc as a pod with the chart's security context is run: its own processes, mounts and names, a read-only root, no
 * capability, no new privileges. The network is this machine's, so that it reaches the servers of a test. There is no limit on resources
 * and no user namespace.
 */
export async function startContainer(
  { config, root }: BuiltImage,
  options: ContainerOptions = {},
): Promise<Container> {
  const { args = config.Cmd, env = {}, mounts = {}, writable = {}, hasTmp = true } = options;
  const { programs } = await findTool(RUNC);
  const bundle = await mkdtemp(join(tmpdir(), 'ferry-container-'));
  const id = bundle.slice(bundle.lastIndexOf('-') + 1);
  const state = join(bundle, 'state');
  await mkdir(state);
  const [uid, gid] = config.User.split(':').map(Number);
  const specification = {
    ociVersion: '1.0.2',
    root: { path: root, readonly: true },
    hostname: id.toLowerCase(),
    process: {
      user: { uid, gid, ...options.user },
      args: [...config.Entrypoint, ...args],
      env: [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      cwd: config.WorkingDir,
      capabilities: {},
      noNewPrivileges: true,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      ...(hasTmp
        ? [{ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777', 'size=256m'] }]
        : []),
      // Every engine gives a container its names.
      ...mountsOf(
        { '/etc/hosts': '/etc/hosts', '/etc/resolv.conf': '/etc/resolv.conf', ...mounts },
        READ_ONLY,
      ),
      ...mountsOf(writable, ['nosuid', 'nodev', 'rw', 'rbind']),
    ],
    linux: {
      namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
  await writeFile(join(bundle, 'config.json'), JSON.stringify(specification));
  const logFile = join(bundle, 'log');
  const runcEnv = { PATH: process.env.PATH };
  const runc = (...command: string[]) =>
    run(programs.runc, ['--root', state, ...command], { env: runcEnv, cwd: bundle });
  // Kept in the foreground, runc passes signals on to the container and ends with its exit code.
  const bound = await spawnBound(
    '/bin/sh',
    ['-c', '"$@"; echo $? > exit-code', 'sh', programs.runc, '--root', state, 'run', id],
    { env: runcEnv, cwd: bundle, logFile },
  );
  const exitCode = async () => Number(await readFile(join(bundle, 'exit-code'), 'utf8'));
  return {
    process: bound,
    exitCode,
    log: () => readFile(logFile, 'utf8'),
    exec: (command) =>
      runc('exec', id, ...command).then(
        () => 0,
        ({ code }: { code: number }) => code,
      ),
    async stop(signal) {
      const startedAt = performance.now();
      await runc('kill', id, signal).catch(() => undefined);
      await bound.ended;
      return { exitCode: await exitCode(), ms: performance.now() - startedAt };
    },
    async [Symbol.asyncDispose]() {
      if (!bound.hasEnded()) await runc('kill', id, 'KILL').catch(() => undefined);
      await bound.stop('SIGTERM', 5_000);
      await runc('delete', '--force', id).catch(() => undefined);
      await rm(bundle, { recursive: true, force: true });
    },
  };
}

function mountsOf(mounts: Readonly<Record<string, string>>, options: string[]) {
  return Object.entries(mounts).map(([destination, source]) => ({
    destination,
    source,
    type: 'bind',
    options,
  }));
}
