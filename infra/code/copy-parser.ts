import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The package's own name of the file, which it looks for next to its code. */
const PARSER = 'libpg-query.wasm';

/** Postgres' parser in WebAssembly, which the bundled code of its package loads from the bundle's folder. */
export async function copyParser(folder: string): Promise<void> {
  const home = dirname(createRequire(import.meta.url).resolve('libpg-query'));
  await copyFile(join(home, PARSER), join(folder, PARSER));
}
