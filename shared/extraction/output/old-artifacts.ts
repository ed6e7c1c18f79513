import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isRunId, timeOfRunId } from '../../runs/run-id.ts';

/** How long the files of an extraction's runs are kept in a folder of Ferry's own. */
export interface KeptArtifacts {
  /** Now, in ms. */
  now: number;
  /** Older ones go, by the time of the run's id. */
  ageMs: number;
  /** So many of the newest runs of a workflow stay, however old they are. @default 0 */
  least?: number;
  /** So many stay at most, however new they are. @default no limit */
  most?: number;
  /** Runs that may still write, or be continued. */
  unfinished?: ReadonlySet<string>;
}

/**
 * The folders of runs below a folder that nobody asks for any more. One that a `latest.json` names is never among them,
 * and neither is one of an unfinished run.
 *
 * @param folder the `artifacts` folder of a state
 * @throws what the file system said: nothing is old where a `latest.json` cannot be read
 */
export async function findOldArtifacts(
  folder: string,
  { now, ageMs, least = 0, most = Number.POSITIVE_INFINITY, unfinished = new Set() }: KeptArtifacts,
): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
  const latest = paths.filter(({ entry }) => entry.isFile() && entry.name === 'latest.json');
  const wanted = (await Promise.all(latest.map(({ path }) => readFile(path, 'utf8')))).join('\n');
  const named = paths.filter(({ entry }) => entry.isDirectory() && isRunId(entry.name));
  // A workflow may be called like a run: those of callers have a UUID.
  const workflows = new Set(named.flatMap(({ path }) => foldersAbove(path, folder)));
  const runs = named
    .filter(({ path }) => !workflows.has(path))
    .map(({ entry, path }) => ({ id: entry.name, path, time: timeOfRunId(entry.name).getTime() }));
  return [...Map.groupBy(runs, ({ path }) => dirname(path)).values()].flatMap((ofWorkflow) =>
    ofWorkflow
      .sort((one, other) => other.time - one.time)
      .filter(({ time }, index) => index >= least && (index >= most || time < now - ageMs))
      .filter(({ id }) => !wanted.includes(id) && !unfinished.has(id))
      .map(({ path }) => path),
  );
}

/** The folders that contain a path, as far as they are below another one. */
function foldersAbove(path: string, top: string): string[] {
  const above = dirname(path);
  return above.length <= top.length ? [] : [above, ...foldersAbove(above, top)];
}
