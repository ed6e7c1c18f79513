import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** What identifies a finished file, for a later check. */
export interface FileFacts {
  bytes: number;
  /** In hexadecimal digits. */
  sha256: string;
}

/** Reads a file that something else wrote. */
export async function hashFile(path: string): Promise<FileFacts> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const data of createReadStream(path)) {
    hash.update(data);
    bytes += data.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
