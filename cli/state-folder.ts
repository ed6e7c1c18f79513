import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isEnvFile } from '../shared/config/go-connector/env-file.ts';
import { ConfigError } from '../shared/errors.ts';
import { STATE_MARK } from '../shared/runs/documents/folder-document-store.ts';
import type { CliContext } from './cli-context.ts';
import { printWarnings } from './output/output.ts';
import { quoted } from './quoted.ts';

/** The folder of a configuration's state, unless --state names another place. */
export const STATE_FOLDER = '.ferry';

/** What says where the state is. */
export interface StatePlace {
  /** What --state or FERRY_STATE names. */
  state?: string | undefined;
  /** The file of the configuration. @default ferry.yaml */
  config?: string;
}

/**
 * Whether a place is a bucket, by its address.
 *
 * @throws ConfigError for an address of another kind: as a folder, it would be one of this machine's own, and replicas
 *   would not know of each other
 */
export function isBucketAddress(state: string): boolean {
  if (/^s3:/i.test(state)) return true;
  if (!/^[a-z][a-z\d+.-]+:\/\//i.test(state)) return false;
  // Without it: it could hold a login.
  throw new ConfigError('--state (FERRY_STATE): this is the address of neither a folder nor a bucket.', {
    hint: 'Expected a folder, or s3://BUCKET without a path. FERRY_S3_ENDPOINT names an S3-compatible store.',
  });
}

/** What of a state is worth keeping, by its folders. */
const KEPT = ['jobs', 'runs', 'refused', 'archive', 'artifacts', 'requests'];

const warned = new WeakSet<object>();

/**
 * Where the state of a configuration is: `.ferry` beside it, wherever one stands. A .env file with a name has a folder
 * of its own in there, because the job of each is called `default`.
 *
 * Earlier releases had it in the working folder. What they left there is used until somebody moves it: guards compare
 * with it.
 */
export function stateFolderOf(
  { state, config = 'ferry.yaml' }: StatePlace,
  { folder, stderr }: Pick<CliContext, 'folder' | 'stderr'>,
): string {
  if (state !== undefined) return resolve(folder, state);
  const file = resolve(folder, config);
  const own = join(dirname(file), STATE_FOLDER, ownFolderName(file));
  const earlier = join(folder, STATE_FOLDER);
  if (own === earlier || existsSync(own) || !isOfEarlierRelease(earlier)) return own;
  if (!warned.has(stderr)) printWarnings(stderr, [describeMove(earlier, own)]);
  warned.add(stderr);
  return earlier;
}

/**
 * The folder that a configuration has within `.ferry`: that of a .env file with a name (`berlin.env`, `.env.berlin`) is
 * named like it. Empty for the others, whose state is `.ferry` itself.
 */
export function ownFolderName(config: string): string {
  const name = basename(config);
  return isEnvFile(name) && name !== '.env' ? name : '';
}

function isOfEarlierRelease(folder: string): boolean {
  return !existsSync(join(folder, STATE_MARK)) && existsSync(join(folder, 'jobs'));
}

function describeMove(from: string, to: string): string {
  const there = KEPT.filter((name) => existsSync(join(from, name)));
  const paths = there.map((name) => quoted(join(from, name))).join(' ');
  return `the state is still where an earlier release left it, in ${from}. Its place is now ${to}, whatever folder you are in. To move it: mkdir -p ${quoted(to)} && mv ${paths} ${quoted(to)}`;
}
