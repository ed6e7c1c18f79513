import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const PROGRESS_INTERVAL_MS = 200;

/** Calls back with the bytes in a folder. While DuckDB writes a file, its growth is the only visible progress. */
export function watchSize(folder: string, onProgress: (bytes: number) => void): { stop: () => void } {
  const timer = setInterval(async () => {
    const names = await readdir(folder).catch(() => []);
    const sizes = await Promise.all(
      names.map((name) =>
        stat(join(folder, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    onProgress(sizes.reduce((sum, size) => sum + size, 0));
  }, PROGRESS_INTERVAL_MS);
  return { stop: () => clearInterval(timer) };
}
