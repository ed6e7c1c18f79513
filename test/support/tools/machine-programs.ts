import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where this machine has each of some commands; undefined if one of them is missing. */
export function machinePrograms<Program extends string>(
  names: readonly Program[],
  folders: readonly string[] = [],
): Record<Program, string> | undefined {
  // Servers are in sbin, which is not on everybody's PATH.
  const path = [...folders, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const find = (name: string) => path.map((folder) => join(folder, name)).find((file) => existsSync(file));
  const found = names.map((name) => [name, find(name)] as const);
  return found.every(([, file]) => file) ? (Object.fromEntries(found) as Record<Program, string>) : undefined;
}
