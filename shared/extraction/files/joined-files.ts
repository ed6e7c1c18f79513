import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../make-folder.ts';
import type { ExtractedFile } from '../extract-options.ts';
import type { FileFacts } from './hash-file.ts';

/** All rows of one form and type. */
interface JoinedFile extends FileFacts {
  path: string;
  form: ExtractedFile['form'];
  type: ExtractedFile['type'];
  rows: number;
}

/** Joins files with one document a line into one for each form and type, in the order in which they are added. */
export class JoinedFiles {
  readonly #folder: string;
  readonly #files = new Map<string, { file: Omit<JoinedFile, 'sha256'>; hash: Hash }>();

  /** @param folder a private one, which is created when it is needed */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Appends a file, and removes it. After a failure, the joined file is of no use. */
  async add({
    form,
    type,
    path,
    rows,
  }: Pick<ExtractedFile, 'form' | 'type' | 'path' | 'rows'>): Promise<void> {
    const name = `${form}-${type}.json`;
    const found = this.#files.get(name) ?? {
      file: { path: join(this.#folder, name), form, type, rows: 0, bytes: 0 },
      hash: createHash('sha256'),
    };
    this.#files.set(name, found);
    const { file, hash } = found;
    await makeFolder(this.#folder, { mode: 0o700 });
    await using target = await open(file.path, 'a', 0o600);
    for await (const data of createReadStream(path)) {
      hash.update(data);
      await target.writeFile(data);
      file.bytes += data.length;
    }
    file.rows += rows;
    await rm(path, { force: true });
  }

  /** The joined files, ordered by form and type. Nothing may be added after it. */
  finish(): JoinedFile[] {
    return [...this.#files]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, { file, hash }]) => ({
        ...file,
        sha256: hash.digest('hex'),
      }));
  }
}
