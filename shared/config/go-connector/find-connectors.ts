import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isConnectorEnvironment, readConnector } from './connector.ts';
import { isEnvFile, readEnvVariables } from './env-file.ts';
import type { Findings } from './found-connector.ts';
import { type KubernetesObject, readManifest, readWorkloads } from './kubernetes-manifest.ts';
import { findMisspelled } from './misspelled-variables.ts';

const isManifest = (path: string) => /\.(ya?ml|json)$/i.test(path);
// Copies that people keep next to the file in use.
const isCopy = (path: string) =>
  /\.(example|sample|template|dist|bak|old|orig|save|swp)$|~$/i.test(basename(path));
const skippedFolders = new Set(['node_modules', 'vendor']);

/** A file, and what messages call it. */
interface NamedFile {
  path: string;
  /** The path as a person would write it, relative to their folder. */
  label: string;
}

interface FoundFile extends NamedFile {
  text: string;
  /** Whether a person named this file itself, and not a folder that contains it. */
  named: boolean;
}

/**
 * Reads the Go connector's deployments from .env files, Kubernetes manifests, and folders of both. The order of the
 * paths makes no difference.
 *
 * @param folder what paths are relative to
 * @throws ConfigError when a path does not exist or cannot be read
 */
export async function findConnectors(
  paths: readonly string[],
  folder: string,
): Promise<Findings & { files: readonly NamedFile[] }> {
  const found: Findings = { connectors: [], leftOut: [], warnings: [] };
  const objects: KubernetesObject[] = [];
  const files = await findFiles(paths, folder, found.warnings);
  for (const file of files) {
    try {
      if (!isManifest(file.path)) readEnv(file, found);
      else {
        const content = readManifest(file.text, file.label);
        if (content.length === 0 && file.named)
          found.warnings.push(`${file.label}: contains no Kubernetes object`);
        objects.push(...content);
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      found.leftOut.push(`left out: ${error.message}${error.hint ? ` ${error.hint}` : ''}`);
    }
  }
  const workloads = readWorkloads(objects);
  return {
    files,
    connectors: [...found.connectors, ...workloads.connectors],
    leftOut: [...found.leftOut, ...workloads.leftOut],
    warnings: [...found.warnings, ...workloads.warnings],
  };
}

/**
 * What messages call a connector's place, as comments of a file in `folder` do: the same files give the same comments,
 * wherever one stands.
 */
export function labelSeenFrom(folder: string, label: string, files: readonly NamedFile[]): string {
  const file = files.find((one) => label === one.label || label.startsWith(`${one.label} (`));
  return file === undefined ? label : relative(folder, file.path) + label.slice(file.label.length);
}

function readEnv({ path, label, text, named }: FoundFile, found: Findings): void {
  const { variables, warnings } = readEnvVariables(text, label);
  if (!isConnectorEnvironment(Object.keys(variables))) {
    // Other programs have .env files too.
    if (named) found.leftOut.push(`left out: ${label} sets none of the connector's variables`);
    return;
  }
  // .env → its folder's name, berlin.env → berlin, .env.berlin → berlin.
  const own = basename(path)
    .split('.')
    .filter((part) => part !== '' && part !== 'env')
    .join('-');
  const parent = basename(dirname(path));
  const names = own === '' ? [parent] : [own, `${parent}-${own}`];
  const worth = [...warnings, ...findMisspelled(Object.keys(variables))];
  // First: of a file that is left out, the reason says which name is misspelled.
  found.connectors.push({ label, names, connector: readConnector(variables, { label, isFile: true }) });
  found.warnings.push(...worth.map((warning) => `${label}: ${warning}`));
}

async function findFiles(paths: readonly string[], folder: string, warnings: string[]): Promise<FoundFile[]> {
  const files = new Map<string, FoundFile>();
  const add = async (path: string, named: boolean) => {
    const real = await realpath(path);
    const label = relative(folder, path) || path;
    const text = await readFile(real, 'utf8');
    files.set(real, { path, label, text, named: named || files.get(real)?.named === true });
  };
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && !skippedFolders.has(entry.name)) await walk(child);
      } else if (isEnvFile(child) && isCopy(child)) {
        warnings.push(
          `${relative(folder, child)}: left out, because its name suggests a copy; to include it, name the file itself`,
        );
      } else if (isEnvFile(child) || isManifest(child)) await add(child, false);
    }
  };
  for (const path of paths) {
    const absolute = resolve(folder, path);
    try {
      if ((await stat(absolute)).isDirectory()) await walk(absolute);
      else await add(absolute, true);
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      throw new ConfigError(`${path} ${missing ? 'does not exist' : 'cannot be read'}.`, { cause: error });
    }
  }
  // By code points, so that the same files give the same result everywhere.
  const byLabel = (a: { label: string }, b: { label: string }) => (a.label < b.label ? -1 : 1);
  warnings.sort();
  return [...files.values()].sort(byLabel);
}
