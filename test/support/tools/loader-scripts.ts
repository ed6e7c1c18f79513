import { chmodSync, globSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/**
 * Replaces programs of unpacked Debian packages by scripts that start them. They were built for the C library of their release, which
 * the packages bring, and not for this machine's: its loader starts them. The folder can be moved to another place.
 *
 * @param programs paths in `root`
 */
export function startByOwnLoader(root: string, programs: readonly string[]): void {
  const [loader] = globSync('{lib,usr/lib}/*/ld-linux*.so.*', { cwd: root });
  if (!loader) throw new Error('The packages hold no C library with a loader');
  const architecture = basename(dirname(loader));
  const libraries = [`usr/lib/${architecture}`, `lib/${architecture}`];
  startByScripts(root, programs, (beside, original) => {
    const path = libraries.map(beside).join(':');
    return `exec "${beside(loader)}" --library-path "${path}" --argv0 "$0" "${beside(original)}" "$@"`;
  });
}

/** The same for programs that the machine's own loader starts: only the libraries that they ask for come from the packages. */
export function startByMachineLoader(root: string, programs: readonly string[]): void {
  const folders = globSync('{lib,usr/lib}/*-linux-gnu*', { cwd: root });
  startByScripts(root, programs, (beside, original) => {
    const path = folders.map(beside).join(':');
    return `LD_LIBRARY_PATH="${path}" exec "${beside(original)}" "$@"`;
  });
}

/** Replaces each program by a script that ends in the command for it; paths in it are relative to the script's folder. */
function startByScripts(
  root: string,
  programs: readonly string[],
  command: (beside: (path: string) => string, original: string) => string,
): void {
  for (const program of programs) {
    const original = `${program}.original`;
    renameSync(join(root, program), join(root, original));
    const beside = (path: string) => `$folder/${relative(dirname(program), path)}`;
    writeFileSync(join(root, program), `#!/bin/sh\nfolder=\${0%/*}\n${command(beside, original)}\n`);
    chmodSync(join(root, program), 0o755);
  }
}
