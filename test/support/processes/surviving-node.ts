import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const node = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url));

/**
 * A folder with a `node` for MiniStack's Lambdas. MiniStack ends the processes of a function that is deployed again, where Lambda lets
 * an invocation end in the environment in which it began; of this one it ends a shell only.
 */
export async function survivingNode(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry-node-'));
  const file = join(folder, 'node');
  // A shell gives a process in the background an empty stdin; 3 is the one that MiniStack writes events to.
  const script = `#!/bin/sh\nexec 3<&0\n'${node}' "$@" <&3 3<&- &\nexec 3<&-\nwait $!\n`;
  await writeFile(file, script);
  await chmod(file, 0o755);
  return folder;
}
