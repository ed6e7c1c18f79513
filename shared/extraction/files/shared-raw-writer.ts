import { RawWriter } from './raw-writer.ts';

/** One raw writer for all databases of a run, because each is a DuckDB instance. After a failure, a new one is used. */
export class SharedRawWriter implements Disposable {
  readonly #options: Parameters<typeof RawWriter.open>[0];
  #writer: RawWriter | undefined;

  constructor(options: Parameters<typeof RawWriter.open>[0]) {
    this.#options = options;
  }

  async use<T>(work: (writer: RawWriter) => Promise<T>): Promise<T> {
    this.#writer ??= await RawWriter.open(this.#options);
    try {
      return await work(this.#writer);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#writer?.close();
    this.#writer = undefined;
  }
}
