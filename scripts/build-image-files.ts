// Assembles the contents of the container image besides its base; the Dockerfile runs it in its first stage and copies
// the result.
//
// usage: node scripts/build-image-files.ts --architecture amd64|arm64 --out FOLDER
import { chmod, copyFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { parseArgs } from 'node:util';
import { bundleProgram } from '../infra/code/bundle-program.ts';
import { fetchDuckdb } from '../infra/code/duckdb-files.ts';
import { fetchNode } from '../infra/code/fetch-node.ts';
import { root } from '../infra/code/root.ts';
import { EXTENSION_NAMES } from '../shared/duckdb/fetch-extensions.ts';
import { DOCS_FILES, docsFolder } from '../shared/serve/listeners/docs-pages.ts';

/** The processors that images are built for, in the words of container images. */
export type ImageArchitecture = 'amd64' | 'arm64';

const NODE = '/usr/local/bin/node';
const PROGRAM = '/opt/ferry';

/**
 * Builds two folders, each with paths as from the image's root. What changes with each release is a separate, small
 * layer: a server that has the previous release fetches only that.
 *
 * @param out `runtime` (Node, DuckDB, certificates) and `program` (the bundled command line) are made in it
 */
export async function buildImageFiles(architecture: ImageArchitecture, out: string): Promise<void> {
  await buildRuntime(architecture, join(out, 'runtime'));
  await buildProgram(join(out, 'program'));
}

async function buildRuntime(architecture: ImageArchitecture, folder: string): Promise<void> {
  const isArm = architecture === 'arm64';
  const node = join(folder, NODE);
  await mkdir(dirname(node), { recursive: true });
  await copyFile(await fetchNode(isArm ? 'arm64' : 'x64'), node);
  await chmod(node, 0o755);
  const copyDuckdb = await fetchDuckdb(isArm ? 'arm64' : 'x86_64', EXTENSION_NAMES);
  await copyDuckdb(join(folder, PROGRAM));
  // Node has these itself. The file is for what reads the system's (NODE_USE_SYSTEM_CA), and may be mounted over.
  const certificates = join(folder, 'etc/ssl/certs/ca-certificates.crt');
  await mkdir(dirname(certificates), { recursive: true });
  await writeFile(certificates, `${rootCertificates.join('\n')}\n`);
}

/** The command line, which `ferry` starts. */
export async function buildProgram(folder: string): Promise<void> {
  const home = join(folder, PROGRAM);
  await bundleProgram(home);
  for (const file of DOCS_FILES) await cp(join(docsFolder(), file), join(home, file));
  await cp(join(root, 'LICENSE'), join(home, 'LICENSE'));
  // A program without a shell in between, which would keep signals to itself. Linux passes all that follows as one argument, so it
  // has one of the options that `npm run ferry` has.
  const entry = join(home, 'ferry.mjs');
  await writeFile(entry, `#!${NODE} --max-semi-space-size=8\n${await readFile(entry, 'utf8')}`);
  await chmod(entry, 0o755);
  await mkdir(join(folder, 'usr/local/bin'), { recursive: true });
  await symlink(join(PROGRAM, 'ferry.mjs'), join(folder, 'usr/local/bin/ferry'));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { architecture: { type: 'string' }, out: { type: 'string' } } });
  const { architecture, out } = values;
  if ((architecture !== 'amd64' && architecture !== 'arm64') || !out) {
    process.stderr.write(
      'usage: node scripts/build-image-files.ts --architecture amd64|arm64 --out FOLDER\n',
    );
    process.exitCode = 2;
  } else await buildImageFiles(architecture, out);
}
