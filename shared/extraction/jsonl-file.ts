import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** What a finished file is, to whoever checks it later. */
export interface FileFacts {
  bytes: number;
  /** In hexadecimal digits. */
  sha256: string;
}

/** A file of one JSON document in each line, that is hashed on its way. */
export class JsonlFile {
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;
  #rows = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(path: string): Promise<JsonlFile> {
    return new JsonlFile(await open(path, 'wx', 0o600));
  }

  get rows(): number {
    return this.#rows;
  }

  async write(documents: readonly unknown[]): Promise<void> {
    let text = '';
    for (const document of documents) text += `${JSON.stringify(document)}\n`;
    const data = Buffer.from(text, 'utf8');
    this.#hash.update(data);
    this.#bytes += data.length;
    this.#rows += documents.length;
    await this.#file.writeFile(data);
  }

  async finish(): Promise<FileFacts> {
    await this.#file.close();
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Gives up the file as it is. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}

/** Reads a file that somebody else wrote. */
export async function hashFile(path: string): Promise<FileFacts> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const data of createReadStream(path)) {
    hash.update(data);
    bytes += data.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
