import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { FileFacts } from './hash-file.ts';

const BUFFER_BYTES = 1_048_576;
/**
 * Buffers of finished files, for reuse: memory outside the heap makes the collector run over the whole heap again and
 * again.
 */
const spare: Buffer[] = [];
/** The most bytes that a UTF-16 unit takes in UTF-8. */
const BYTES_PER_UNIT = 3;

/**
 * A file with one JSON document on each line, hashed while it is written. Lines go into one buffer that is used again
 * and again: strings would live long enough to make the heap grow.
 */
export class JsonlFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  readonly #buffer = spare.pop() ?? Buffer.allocUnsafe(BUFFER_BYTES);
  #buffered = 0;
  #bytes = 0;
  #rows = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** @throws when the file already exists */
  static async create(path: string): Promise<JsonlFile> {
    return new JsonlFile(path, await open(path, 'wx', 0o600));
  }

  get rows(): number {
    return this.#rows;
  }

  /** @returns a promise when the caller must wait for the file before the next line */
  add(json: string): Promise<void> | undefined {
    const line = `${json}\n`;
    this.#rows += 1;
    if (line.length * BYTES_PER_UNIT <= BUFFER_BYTES - this.#buffered) {
      this.#buffered += this.#buffer.write(line, this.#buffered);
      return undefined;
    }
    return this.#drain(line);
  }

  async finish(): Promise<FileFacts> {
    await this.#drain('');
    await this.#file.close();
    spare.push(this.#buffer);
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Leaves the file as it is. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  async #drain(line: string): Promise<void> {
    const buffered = this.#buffer.subarray(0, this.#buffered);
    for (const data of [buffered, Buffer.from(line)]) {
      this.#hash.update(data);
      this.#bytes += data.length;
      await this.#file.writeFile(data);
    }
    this.#buffered = 0;
  }
}
