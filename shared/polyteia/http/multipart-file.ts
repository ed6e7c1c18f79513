import { randomUUID } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';

/**
 * More than a socket takes without saying that it is full (its high-water mark, of 64 KiB): whoever sends a whole piece
 * waits until it has left, and only then asks for the next.
 */
const PIECE_BYTES = 256 * 1024;

/** Callbacks while a body is sent. */
export interface SendingHooks {
  /** Called with the number of the file's bytes sent so far. */
  onProgress?: ((bytes: number) => void) | undefined;
  /**
   * Called before the last bytes are sent, without which the server has no complete file. An error thrown here ends the
   * request.
   */
  beforeEnd?: (() => Promise<void>) | undefined;
}

/** A multipart/form-data body of one file field, streamed from disk with a length known beforehand. */
export interface MultipartFile {
  contentType: string;
  contentLength: number;
  body: AsyncIterable<Uint8Array>;
}

/**
 * Builds the body (RFC 7578). Its length is that of the file now: a file that changes while it is sent ends the request
 * with an error.
 *
 * @param file.name file name sent to the server; ASCII without quotes
 */
export async function multipartFile(
  file: { path: string; name: string; contentType: string },
  { onProgress, beforeEnd }: SendingHooks = {},
): Promise<MultipartFile> {
  const boundary = `ferry-${randomUUID()}`;
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\nContent-Type: ${file.contentType}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const { size } = await stat(file.path);
  // The file is opened when its turn comes: if the body is never read (no connection), it would stay open.
  async function* stream() {
    yield head;
    let sent = 0;
    await using handle = await open(file.path);
    for await (const piece of piecesOf(handle)) {
      sent += piece.length;
      yield piece;
      onProgress?.(sent);
    }
    await beforeEnd?.();
    yield tail;
  }
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: head.length + size + tail.length,
    body: stream(),
  };
}

/**
 * Reads a file through two buffers in turns, so a piece is valid until the next but one is asked for. A stream would
 * leave 50 MB of them behind, which the collector does not see.
 */
async function* piecesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  let [current, other] = [Buffer.allocUnsafeSlow(PIECE_BYTES), Buffer.allocUnsafeSlow(PIECE_BYTES)];
  for (;;) {
    const length = await fill(current, file);
    if (length > 0) yield current.subarray(0, length);
    if (length < PIECE_BYTES) return;
    [current, other] = [other, current];
  }
}

/** Fills a whole buffer, unless the file ends. */
async function fill(buffer: Buffer, file: FileHandle): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, null);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
