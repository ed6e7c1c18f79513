import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../../errors.ts';

/** What glibc says when a library needs another one that is nowhere on its search path. */
const MISSING = /(?:^|: )([^\s:/]+\.so[^\s:/]*): cannot open shared object file/;
const ANOTHER_MACHINE = /invalid ELF header|wrong ELF class|cannot open shared object file: No such device/;
/** It stays loaded, although it is no addon of Node's: `RTLD_NODELETE` of glibc. */
const KEEP = 0x1000;
/** What it needs is searched in its own libraries before those of the process: `RTLD_DEEPBIND` of glibc. Node's program has OpenSSL of its own, with the same names. */
const OWN_FIRST = 0x8;

const loaded = new Set<string>();

/**
 * Loads a shared library into this process, and from the folder that it is in those that it needs: neither the
 * system's configuration nor a variable has to name that folder. A library that is loaded satisfies all that need one
 * of its name later, such as DuckDB's extension.
 *
 * @throws ConfigError that says which library is missing
 */
export function loadLibrary(path: string): void {
  if (loaded.has(path)) return;
  const seen = new Set<string>();
  for (;;) {
    const said = tryLoading(path);
    if (said === undefined) {
      loaded.add(path);
      return;
    }
    const needed = MISSING.exec(said)?.[1];
    const beside = needed === undefined ? undefined : join(dirname(path), needed);
    if (needed === undefined || beside === undefined || seen.has(needed) || !existsSync(beside))
      throw explain(path, said, needed);
    seen.add(needed);
    loadLibrary(beside);
  }
}

/** @returns what is wrong; undefined if it is loaded */
function tryLoading(path: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | KEEP | OWN_FIRST);
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    // It is loaded by then, and only not what Node looks for.
    return said.includes('Module did not self-register') ? undefined : said;
  }
}

function explain(path: string, said: string, needed: string | undefined): ConfigError {
  const name = basename(path);
  if (needed !== undefined && needed !== name) {
    return new ConfigError(`The library ${name} needs ${needed}, which is missing.`, {
      hint: `Put ${needed} beside ${path}, or install its package.`,
    });
  }
  if (ANOTHER_MACHINE.test(said)) {
    return new ConfigError(
      `The library ${path} is not for this machine (${process.platform} ${process.arch}).`,
      {
        hint: 'Use the package for this processor.',
      },
    );
  }
  return new ConfigError(`The library ${path} cannot be loaded.`, {
    cause: new Error(said),
    hint: 'Check that it is complete, and made for the C library of this machine: `ldd` on the file says more.',
  });
}
