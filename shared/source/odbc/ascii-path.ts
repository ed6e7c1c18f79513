import { existsSync, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The kernel's name for each open file of this process. */
const OPEN_FILES = '/proc/self/fd';

/** The folders that are open, one for each path, as long as the process lives. */
const opened = new Map<string, string>();

/**
 * A name of the same file in ASCII letters. The driver manager converts the path of a driver by the process's locale,
 * which Node leaves at "C": it does not find `/opt/Büro/psqlodbcw.so`. Where the kernel has no such names, the path is
 * returned as it is.
 *
 * @example asciiPath('/opt/Büro/psqlodbcw.so') // '/proc/self/fd/23/psqlodbcw.so'
 */
export function asciiPath(path: string): string {
  if (/^\p{ASCII}*$/u.test(path) || !existsSync(OPEN_FILES)) return path;
  const folder = dirname(path);
  let open = opened.get(folder);
  if (open === undefined) {
    open = join(OPEN_FILES, String(openSync(folder, 'r')));
    opened.set(folder, open);
  }
  return join(open, basename(path));
}
