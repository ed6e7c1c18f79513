import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The first folder of a key; undefined for a key without one. */
const topOf = (key: string) => /^([^/]+)\//.exec(key)?.[1];

/**
 * What a process has seen in a state folder. A volume that is unmounted leaves an empty folder, and one that is moved
 * none: to begin anew there would lose every baseline and lease without a word.
 */
export class SeenFolders {
  readonly #root: string;
  readonly #seen = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Notes that the folder of a key is there. */
  note(key: string): void {
    const top = topOf(key);
    if (top !== undefined) this.#seen.add(top);
  }

  /** The folder of a key if it was there, and is gone. */
  findGone(key: string): string | undefined {
    const top = topOf(key);
    return top !== undefined && this.#seen.has(top) && !existsSync(join(this.#root, top)) ? top : undefined;
  }
}
