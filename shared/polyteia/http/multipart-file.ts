import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

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
    for await (const chunk of createReadStream(file.path, { highWaterMark: 256 * 1024 })) {
      sent += (chunk as Buffer).length;
      yield chunk as Buffer;
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
