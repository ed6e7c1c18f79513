import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import { CONTENT_TYPES } from './contract.ts';
import type { RecordedCall, StandInState, UploadToken } from './types.ts';

/** A body of /upload that was received whole, not yet in its dataset's place. */
export interface ReceivedFile {
  path: string;
  /** The part's own. */
  contentType: string;
  /** What the contract does not allow about the body. */
  violations: string[];
}

/** Which token a request carries, or why it is refused; taking a token uses it up. */
export function takeToken(
  state: StandInState,
  request: IncomingMessage,
): UploadToken | { refused: string; violation?: string } {
  const value = request.headers['x-upload-token'];
  const token = typeof value === 'string' ? state.tokens.get(value) : undefined;
  if (!token) {
    const violation = `/upload: X-Upload-Token ${value ? 'was never issued' : 'is missing'}`;
    return { refused: 'invalid upload token', violation };
  }
  // "a new one for another try"
  if (token.used)
    return { refused: 'upload token already used', violation: '/upload: the token was used before' };
  token.used = true;
  if (token.expiresAt < Date.now()) return { refused: 'upload token expired' };
  return token;
}

/** Streams the file to disk. Rejects when the body is broken or breaks off; nothing is left behind then. */
export async function receiveFile(
  state: StandInState,
  request: IncomingMessage,
  target: { datasetId: string; contentType?: string },
  call: RecordedCall,
): Promise<ReceivedFile> {
  const violations: string[] = [];
  const path = join(state.folder, `${target.datasetId}-${crypto.randomUUID()}`);
  let contentType = '';
  let files = 0;
  let written: Promise<void> = Promise.resolve();
  const parser = busboy({ headers: request.headers });
  parser.on('field', (name) => violations.push(`/upload: unexpected field '${name}'`));
  parser.on('file', (name, stream, info) => {
    files += 1;
    if (name !== 'file') violations.push(`/upload: the file field is called '${name}', must be 'file'`);
    const isUntyped = state.takesUntypedParts && info.mimeType === 'application/octet-stream';
    contentType = isUntyped ? (target.contentType ?? info.mimeType) : info.mimeType;
    if (target.contentType !== undefined && contentType !== target.contentType) {
      violations.push(`/upload: the part is ${contentType}, but its token is for ${target.contentType}`);
    }
    if (!CONTENT_TYPES.includes(contentType)) violations.push(`the part is ${contentType}, which is unknown`);
    if (!info.filename) violations.push('the part has no file name');
    if (files > 1 || name !== 'file') {
      stream.resume();
      return;
    }
    call.file = { name: info.filename ?? '', size: 0 };
    written = pipeline(stream, createWriteStream(path));
    // Awaited below; a body that breaks off rejects both, and the first one tells why.
    written.catch(() => undefined);
  });
  try {
    await pipeline(request, parser);
    await written;
    if (call.file) call.file.size = (await stat(path)).size;
  } catch (error) {
    await written.catch(() => undefined);
    await rm(path, { force: true });
    throw error;
  }
  if (files !== 1) violations.push(`/upload: ${files} files, must be exactly one`);
  return { path, contentType, violations };
}

/** Makes a received file the content of its dataset, in one step. */
export async function replaceContent(
  state: StandInState,
  { datasetId, contentType }: { datasetId: string; contentType: string },
  path: string,
): Promise<void> {
  const dataset = state.datasets.get(datasetId);
  if (!dataset) throw new Error(`no dataset ${datasetId}`);
  const { size } = await stat(path);
  const suffix = contentType === 'text/csv' ? 'csv' : 'parquet';
  const previous = dataset.content?.file;
  const file = join(state.folder, `${dataset.id}-${dataset.uploads + 1}.${suffix}`);
  await rename(path, file);
  const uploadedAt = new Date().toISOString();
  dataset.content = { file, contentType, size, uploadedAt };
  dataset.updatedAt = uploadedAt;
  dataset.uploads += 1;
  if (previous) await rm(previous, { force: true });
}
