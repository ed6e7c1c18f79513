// Plain JavaScript, because bootstrap.mjs asks before anything is installed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether node_modules holds what package-lock.json asks for, no matter who installed it. npm keeps a list of what it
 * has installed, and writes it last.
 *
 * @param {string} root the folder of package-lock.json
 */
export function arePackagesInstalled(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed) return false;
  // Its install script fetches it, and npm may be set to run none.
  if (!existsSync(join(root, 'node_modules', 'node', 'bin', 'node'))) return false;
  return (
    Object.keys(installed).every((path) => path in wanted) &&
    Object.entries(wanted).every(([path, entry]) => {
      const found = installed[path];
      return found ? isSame(found, entry) : path === '' || mayBeMissing(entry);
    })
  );
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function isSame(one, other) {
  return one.version === other.version && one.integrity === other.integrity;
}

/** npm leaves out what is for another platform, and which C library is in use it alone knows. */
function mayBeMissing({ optional, os, cpu, libc }) {
  const isForHere = os?.includes(process.platform) && cpu?.includes(process.arch);
  return optional === true && (libc !== undefined || !isForHere);
}
