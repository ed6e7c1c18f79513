import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '../tools/find-tool.ts';
import { cache, reason } from '../tools/install/surroundings.ts';
import { makeBaseFolders } from './base-images.ts';
import { BUILDAH } from './container-tools.ts';

const run = promisify(execFile);
const project = dirname(cache);

/** What an image says of how it is run, in Docker's words. */
export interface ImageConfig {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  WorkingDir: string;
  Labels: Record<string, string>;
  ExposedPorts: Record<string, unknown>;
  Healthcheck: { Test: string[] };
}

/** An image, unpacked. */
export interface BuiltImage extends AsyncDisposable {
  config: ImageConfig;
  architecture: string;
  /** The folder of what the image holds. */
  root: string;
  /** Bytes of the base that it was built on. */
  baseBytes: number;
}

/**
 * Builds the project's Dockerfile by Buildah, as root. The two bases are made of Debian's packages, and the packages and extensions that
 * the first stage would fetch are those that this project has fetched.
 */
export async function buildImage(): Promise<BuiltImage> {
  const { programs } = await findTool(BUILDAH);
  const folder = await mkdtemp(join(tmpdir(), 'ferry-image-'));
  const storage = join(folder, 'storage.conf');
  const [graph, state] = [join(folder, 'graph'), join(folder, 'state')];
  await writeFile(storage, `[storage]\ndriver = "vfs"\ngraphroot = "${graph}"\nrunroot = "${state}"\n`);
  const policy = join(folder, 'policy.json');
  await writeFile(policy, '{"default": [{"type": "insecureAcceptAnything"}]}');
  const env = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, CONTAINERS_STORAGE_CONF: storage };
  const buildah = async (...args: string[]) => {
    const { stdout } = await run(programs.buildah, args, { cwd: folder, env, maxBuffer: 2 ** 26 });
    return stdout.trim();
  };
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const { base, buildBase } = await makeBaseFolders(folder);
    const signed = ['--signature-policy', policy];
    const baseName = async (name: string, root: string) => {
      const container = await buildah('from', 'scratch');
      await buildah('add', '--quiet', container, root, '/');
      await buildah('commit', '--quiet', '--rm', ...signed, container, `localhost/ferry-${name}:test`);
      return `localhost/ferry-${name}:test`;
    };
    const args = [
      ['BASE', await baseName('base', base)],
      ['BUILD_BASE', await baseName('build-base', buildBase)],
    ];
    await buildah(
      'bud',
      ...['--isolation', 'chroot', '--storage-driver', 'vfs', '--format', 'docker', ...signed],
      ...args.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      ...['node_modules', '.cache'].flatMap((name) => ['--volume', `${join(project, name)}:/build/${name}`]),
      ...['--tag', 'localhost/ferry:test', project],
    );
    const { Docker } = JSON.parse(await buildah('inspect', '--type', 'image', 'localhost/ferry:test'));
    const container = await buildah('from', ...signed, 'localhost/ferry:test');
    const root = await buildah('mount', container);
    return {
      config: Docker.config,
      architecture: Docker.architecture,
      root,
      baseBytes: await bytesBelow(base),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw new Error(`The image could not be built: ${reason(error)}`, { cause: error });
  }
}

/** The bytes of all files below a folder. */
export async function bytesBelow(folder: string): Promise<number> {
  const { stdout } = await run('du', ['--summarize', '--bytes', folder]);
  return Number.parseInt(stdout, 10);
}
