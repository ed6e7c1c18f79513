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
  for (const program of programs) {
    const original = `${program}.original`;
    renameSync(join(root, program), join(root, original));
    const beside = (path: string) => `$folder/${relative(dirname(program), path)}`;
    const script = `#!/bin/sh
folder=\${0%/*}
exec "${beside(loader)}" --library-path "${libraries.map(beside).join(':')}" --argv0 "$0" "${beside(original)}" "$@"
`;
    writeFileSync(join(root, program), script);
    chmodSync(join(root, program), 0o755);
  }
}
