import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { bundleConsole } from './bundle-console.ts';
import { copyParser } from './copy-parser.ts';
import { copySql } from './copy-sql.ts';
import { leaveApart, TELEMETRY_MODULES } from './leave-apart.ts';

/**
 * Bundles the command line into a folder, as `ferry.mjs` and what it loads when it is needed: a short command reads
 * little of it. The native part of DuckDB's client is not in it.
 */
export async function bundleProgram(folder: string): Promise<void> {
  await bundle(folder, {
    entryPoints: { ferry: 'cli/main.ts', ...TELEMETRY_MODULES },
    plugins: [leaveApart(TELEMETRY_MODULES)],
    splitting: true,
  });
  await bundleConsole(join(folder, 'console'));
  await copySql(folder);
  await copyParser(folder);
}
