import { copyFile, glob, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from './root.ts';

/** How modules refer to the SQL next to or below them. */
const SQL_FILE = /new URL\('(\.\/[^']+\.sql)', import\.meta\.url\)/g;

/** A bundle finds SQL by the paths in the modules that it was made from, now relative to the bundle's folder. */
export async function copySql(folder: string): Promise<void> {
  const copied = new Map<string, string>();
  for await (const module of glob('shared/**/*.ts', { cwd: root })) {
    const text = await readFile(join(root, module), 'utf8');
    for (const [, path = ''] of text.matchAll(SQL_FILE)) {
      const from = join(root, dirname(module), path);
      const earlier = copied.get(path);
      if (earlier === from) continue;
      if (earlier !== undefined)
        throw new Error(`${earlier} and ${from} would become the same file of the bundle.`);
      copied.set(path, from);
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await copyFile(from, join(folder, path));
    }
  }
  const named = new Set(copied.values());
  for await (const file of glob('shared/**/*.sql', { cwd: root }))
    if (!named.has(join(root, file)))
      throw new Error(`No module reads ${file} in a way that the bundler recognises.`);
}
