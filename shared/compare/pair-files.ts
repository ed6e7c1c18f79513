import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { explainFileError } from '../explain-file-error.ts';

/** Files of one name in two folders; one of them may be missing. */
export interface FilePair {
  /** Without its extension: `orders` for orders.parquet and orders.csv. */
  name: string;
  a?: string;
  b?: string;
}

const COMPARABLE = /\.(parquet|(csv|tsv)(\.gz)?)$/i;

/**
 * Pairs the Parquet and CSV files of two folders by their names, whatever their extensions are. Folders in them, and
 * other files, are left out.
 *
 * @throws ConfigError when a folder cannot be read, has nothing to compare, or has two files of one name
 */
export async function pairFiles(a: string, b: string): Promise<FilePair[]> {
  const [inA, inB] = [await filesIn(a), await filesIn(b)];
  const names = [...new Set([...inA.keys(), ...inB.keys()])].sort();
  return names.map((name) => {
    const [fileA, fileB] = [inA.get(name), inB.get(name)];
    return {
      name,
      ...(fileA === undefined ? {} : { a: fileA }),
      ...(fileB === undefined ? {} : { b: fileB }),
    };
  });
}

async function filesIn(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ConfigError(`The folder ${folder} cannot be read${explainFileError(cause).why}.`, { cause });
  });
  const files = new Map<string, string>();
  for (const entry of entries) {
    if (entry.isDirectory() || !COMPARABLE.test(entry.name)) continue;
    const name = entry.name.replace(COMPARABLE, '');
    const path = join(folder, entry.name);
    const other = files.get(name);
    if (other !== undefined)
      throw new ConfigError(`${path} and ${other} have the same name.`, {
        hint: 'Files are paired by their names without extensions: leave one of each in the folder.',
      });
    files.set(name, path);
  }
  if (files.size === 0)
    throw new ConfigError(`${folder} contains no file to compare.`, {
      hint: 'Expected files that end in .parquet, .csv, .tsv, .csv.gz or .tsv.gz.',
    });
  return files;
}
