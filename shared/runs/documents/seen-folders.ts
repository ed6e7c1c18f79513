import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders that a process has seen in a state folder. A volume that is unmounted leaves an empty folder, and one that
 * is moved none: starting over there would silently lose every baseline and lease.
 */
export class SeenFolders {
  readonly #root: string;
  readonly #seen = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Notes that the folder of a key is there. */
  note(key: string): void {
    const top = /^([^/]+)\//.exec(key)?.[1];
    if (top !== undefined) this.#seen.add(top);
  }

  /** Whether all that was seen is gone. One folder alone may be, because people remove old files. */
  get areGone(): boolean {
    return this.#seen.size > 0 && ![...this.#seen].some((top) => existsSync(join(this.#root, top)));
  }
}
