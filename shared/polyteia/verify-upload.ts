import { PolyteiaRejectedError, PolyteiaUnavailableError } from '../errors.ts';
import { type Sleep, sleep as sleepByClock } from '../sleep.ts';
import type { DatasetContent, PolyteiaClient } from './polyteia-client.ts';

/** An upload that Polyteia accepted. */
export interface AcceptedUpload {
  dataset: string;
  /** Size of the file. */
  bytes: number;
  contentType: string;
  /** What the dataset showed before, if known: two times by the same clock can be compared. */
  before?: DatasetContent | undefined;
}

export interface Verification {
  /** off: not asked; warn: a difference is a warning; strict: it is an error. */
  mode: 'off' | 'warn' | 'strict';
  warn: (message: string) => void;
  signal?: AbortSignal | undefined;
  sleep?: Sleep;
}

// Polyteia does not document whether a dataset shows an upload at once.
const WAITS_MS = [1_000, 3_000];

/**
 * Compares what the dataset shows with what was uploaded: size, content type, time. Reports nothing where the API does
 * not show them (the session API: there an upload is done when it has been read).
 *
 * @returns what the dataset shows, if it shows the upload
 * @throws PolyteiaRejectedError, PolyteiaUnavailableError in strict mode
 */
export async function verifyUpload(
  client: PolyteiaClient,
  upload: AcceptedUpload,
  { mode, warn, signal, sleep = sleepByClock }: Verification,
): Promise<DatasetContent | undefined> {
  if (mode === 'off' || client.getContent === undefined) return undefined;
  let differences: string[] = [];
  let trouble: PolyteiaRejectedError | PolyteiaUnavailableError | undefined;
  for (const wait of [0, ...WAITS_MS]) {
    if (wait > 0) await sleep(wait, signal);
    try {
      const shown = await client.getContent(upload.dataset, signal);
      differences = compare(upload, shown);
      trouble = undefined;
      if (differences.length === 0) return shown;
    } catch (error) {
      if (!(error instanceof PolyteiaRejectedError || error instanceof PolyteiaUnavailableError)) throw error;
      trouble = error;
      if (!error.retryable) break;
    }
  }
  if (trouble) {
    const message = `The upload was accepted but could not be verified: ${trouble.message}`;
    if (mode === 'warn') {
      warn(message);
      return undefined;
    }
    const Unverified = trouble.retryable ? PolyteiaUnavailableError : PolyteiaRejectedError;
    throw new Unverified(message, {
      cause: trouble,
      hint: 'Look at the dataset in Polyteia: it was replaced. If the key may not read it, set verify: warn or off on the target.',
    });
  }
  const message = `Polyteia accepted the upload, but dataset ${upload.dataset} does not show it: ${differences.join('; ')}.`;
  if (mode === 'warn') {
    warn(message);
    return undefined;
  }
  throw new PolyteiaRejectedError(message, {
    hint: 'Look at the dataset in Polyteia. If it is right anyway, set verify: warn on the target.',
  });
}

/** Whether two content types are the same, apart from their parameters. */
export const isSameType = (a: string, b: string) => mediaType(a) === mediaType(b);

const mediaType = (contentType: string) => contentType.split(';')[0]?.trim().toLowerCase();

function compare(upload: AcceptedUpload, shown: DatasetContent | undefined): string[] {
  if (shown === undefined) return ['it shows no upload at all'];
  const differences: string[] = [];
  if (shown.size !== upload.bytes) differences.push(`${shown.size} bytes instead of ${upload.bytes}`);
  if (!isSameType(shown.contentType, upload.contentType)) {
    differences.push(`another content type than ${upload.contentType}`);
  }
  const { before } = upload;
  if (before && Date.parse(shown.uploadedAt) <= Date.parse(before.uploadedAt)) {
    differences.push(`still the upload of ${before.uploadedAt}`);
  }
  return differences;
}
