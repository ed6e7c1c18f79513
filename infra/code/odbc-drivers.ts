import { copyFile, mkdir, open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../shared/errors.ts';
import type { Architecture, CopyFiles } from './duckdb-files.ts';

/** `e_machine` of an ELF file: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
const machines: Readonly<Record<Architecture, number>> = { arm64: 0xb7, x86_64: 0x3e };

/**
 * The ODBC drivers of a folder, and the libraries that they need, for the target processor.
 *
 * @param folder the one that `drivers` in ferry.yaml names; only files directly in it count
 * @returns copies them to where functions look for drivers
 * @throws ConfigError when the folder does not exist, or a library is for another processor
 */
export async function odbcDriverFiles(architecture: Architecture, folder: string): Promise<CopyFiles> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new ConfigError(`drivers: the folder ${folder} does not exist.`, { cause });
  });
  const libraries = names.filter((name) => /\.so(\.|$)/.test(name)).sort();
  if (libraries.length === 0)
    throw new ConfigError(`drivers: the folder ${folder} contains no libraries (*.so).`);
  for (const name of libraries) {
    if ((await machineOf(join(folder, name))) !== machines[architecture]) {
      throw new ConfigError(`drivers: ${name} is not a library for ${architecture}.`, {
        hint: 'Take the packages for the processor of the functions: arm64, unless the app says otherwise (docs/deploy.md).',
      });
    }
  }
  return async (target) => {
    const drivers = join(target, 'extensions', 'drivers');
    await mkdir(drivers, { recursive: true });
    // Packages have symbolic links for the short names of libraries.
    for (const name of libraries) await copyFile(await realpath(join(folder, name)), join(drivers, name));
  };
}

/** @returns undefined for what is no ELF file */
async function machineOf(path: string): Promise<number | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0);
    if (bytesRead < 20 || buffer.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
    return buffer.readUInt16LE(18);
  } finally {
    await file.close();
  }
}
