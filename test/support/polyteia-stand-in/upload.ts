import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import type { RecordedCall, StandInState, UploadToken } from './types.ts';

/** A body of /upload that was received whole, not yet in its dataset's place. */
export interface ReceivedFile {
  path: string;
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
  token: UploadToken,
  call: RecordedCall,
): Promise<ReceivedFile> {
  const violations: string[] = [];
  const path = join(state.folder, `${token.datasetId}-${crypto.randomUUID()}`);
  let files = 0;
  let written: Promise<void> = Promise.resolve();
  const parser = busboy({ headers: request.headers });
  parser.on('field', (name) => violations.push(`/upload: unexpected field '${name}'`));
  parser.on('file', (name, stream, info) => {
    files += 1;
    if (name !== 'file') violations.push(`/upload: the file field is called '${name}', must be 'file'`);
    if (info.mimeType !== token.contentType) {
      violations.push(`/upload: the part is ${info.mimeType}, but its token is for ${token.contentType}`);
    }
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
  return { path, violations };
}

/** Makes a received file the content of its dataset, in one step. */
export async function replaceContent(state: StandInState, token: UploadToken, path: string): Promise<void> {
  const dataset = state.datasets.get(token.datasetId);
  if (!dataset) throw new Error(`no dataset ${token.datasetId}`);
  const { size } = await stat(path);
  const suffix = token.contentType === 'text/csv' ? 'csv' : 'parquet';
  const previous = dataset.content?.file;
  const file = join(state.folder, `${dataset.id}-${dataset.uploads + 1}.${suffix}`);
  await rename(path, file);
  const uploadedAt = new Date().toISOString();
  dataset.content = { file, contentType: token.contentType, size, uploadedAt };
  dataset.updatedAt = uploadedAt;
  dataset.uploads += 1;
  if (previous) await rm(previous, { force: true });
}
