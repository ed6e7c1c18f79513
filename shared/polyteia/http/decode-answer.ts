import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/**
 * The body of an answer without its compression, which was not requested, but which some servers use. An encoding that
 * is unknown leaves the body as it is.
 */
export function decompress(body: Readable, encoding: string | string[] | undefined): Readable {
  const applied = String(encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  let decoded = body;
  // The last one was applied last.
  for (const name of applied.toReversed()) {
    const decoder = Object.hasOwn(decoders, name) ? decoders[name]?.() : undefined;
    if (decoder) decoded = pipeline(decoded, decoder, () => {}) as unknown as Readable;
  }
  return decoded;
}

/** The text of an answer, by its byte-order mark, its header, or the zeros that ASCII has in UTF-16. */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): string {
  return new TextDecoder(encodingOf(bytes, contentType)).decode(bytes);
}

function encodingOf(bytes: Uint8Array, contentType: string | undefined): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xef && second === 0xbb) return 'utf-8';
  if (first === 0 && second !== 0) return 'utf-16be';
  if (second === 0 && first !== undefined) return 'utf-16le';
  const named = /;\s?charset="?([\w-]{1,40})/i.exec(contentType ?? '')?.[1];
  // The bytes show that it is not UTF-16, whatever the header says.
  if (named === undefined || /^utf-?16/i.test(named)) return 'utf-8';
  try {
    return new TextDecoder(named).encoding;
  } catch {
    return 'utf-8';
  }
}
