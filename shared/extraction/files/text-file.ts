import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** The position of a text in a {@link TextFile}. */
export interface TextPlace {
  offset: number;
  bytes: number;
}

/** Texts on disk until they are needed, so that they do not fill the memory. */
export class TextFile {
  readonly #file: number;
  #bytes = 0;

  /** @param path of a file that is created or emptied */
  constructor(path: string) {
    this.#file = openSync(path, 'w+', 0o600);
  }

  add(text: string): TextPlace {
    const data = Buffer.from(text);
    const place = { offset: this.#bytes, bytes: data.length };
    for (let written = 0; written < data.length; )
      written += writeSync(this.#file, data, written, data.length - written, this.#bytes + written);
    this.#bytes += data.length;
    return place;
  }

  read({ offset, bytes }: TextPlace): string {
    const data = Buffer.allocUnsafe(bytes);
    for (let read = 0; read < bytes; ) {
      const more = readSync(this.#file, data, read, bytes - read, offset + read);
      if (more === 0) throw new Error('A text was truncated.');
      read += more;
    }
    return data.toString();
  }

  close(): void {
    closeSync(this.#file);
  }
}
