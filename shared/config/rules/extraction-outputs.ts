import type { FerryConfig } from '../schema/ferry-config.ts';
import { folderOfExtraction } from './extraction-folder.ts';

/** Where Ferry keeps its state in its bucket (shared/runs, shared/watchdog, shared/atlan). */
const STATE_FOLDERS: readonly string[] = [
  'jobs',
  'runs',
  'leases',
  'states',
  'refused',
  'archive',
  'requests',
  'alerts',
  'watchdog',
  'workflows',
];

interface Place {
  job: string;
  bucket: string;
  folder: string;
}

/**
 * The extractions whose workflow folder is not theirs alone. In one folder, `latest.json` would point to the files of
 * one, then to those of the other. And what is inside of it, a run may remove and its role may read: the folder of an
 * earlier extraction, or Ferry's state.
 */
export function findSharedOutputs(config: FerryConfig): { job: string; message: string }[] {
  const { bucket: own = '' } = config;
  const places = Object.entries(config.extractions).map(([job, extraction]): Place => {
    const { bucket = own } = extraction.output;
    return { job, bucket, folder: folderOfExtraction(config, job, extraction) };
  });
  return places.flatMap((place, index) => {
    const message =
      (place.bucket === own ? problemWithState(place) : undefined) ??
      problemWithOthers(place, places.slice(0, index));
    return message === undefined ? [] : [{ job: place.job, message }];
  });
}

function problemWithState({ bucket, folder }: Place): string | undefined {
  const [first = ''] = folder.split('/');
  return STATE_FOLDERS.includes(first)
    ? `writes to ${folder} in ${bucket}, where Ferry keeps its own ${first}/: choose another output.prefix, such as atlan, or another output.bucket`
    : undefined;
}

function problemWithOthers({ bucket, folder }: Place, earlier: readonly Place[]): string | undefined {
  const other = earlier.find(
    (one) => one.bucket === bucket && (one.folder.startsWith(folder) || folder.startsWith(one.folder)),
  );
  if (other === undefined) return undefined;
  const told =
    other.folder === folder
      ? `writes to the same folder as "${other.job}":`
      : `writes to ${folder}, and "${other.job}" to ${other.folder}: neither folder may be inside the other;`;
  return `${told} give one of them another workflowId, output.prefix or output.bucket`;
}
