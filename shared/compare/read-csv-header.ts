import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ConfigError } from '../errors.ts';

/** What the first line of a CSV file says. */
export interface CsvHeader {
  names: string[];
  delimiter: string;
}

/** As much as the names of the columns may take, in bytes. */
const MAX_HEADER = 1_000_000;
const DELIMITERS = [',', ';', '\t', '|'];

/**
 * Reads the names of the columns of a CSV file, and finds out what separates its fields: DuckDB's own detection takes a
 * file with one damaged line for a file with one column.
 *
 * Of a compressed file it reads all, because DuckDB takes one that is cut off for one that is complete.
 *
 * @param path a plain or a gzip file, by its name
 * @throws ConfigError when the file is empty, not in UTF-8 as far as that shows there, damaged, or names a column twice
 */
export async function readCsvHeader(path: string, signal?: AbortSignal): Promise<CsvHeader> {
  const start = /\.gz$/i.test(path) ? await unpackStart(path, signal) : await readStart(path, signal);
  const fail = (why: string, hint: string) =>
    new ConfigError(`${path} cannot be read as CSV: ${why}.`, { hint });
  if (start.length === 0) throw fail('it is empty', 'Expected the names of the columns in the first line.');
  if (start.includes(Buffer.from([0])) || (start[0] ?? 0) >= 0xfe)
    throw fail(
      'it is not text in UTF-8',
      'Save it as CSV in UTF-8; it may be in UTF-16, or another kind of file.',
    );
  const line = firstRecord(start.toString('utf8').replace(/^\uFEFF/, ''));
  const ofTabs = /\.tsv(\.gz)?$/i.test(path);
  const [best] = (ofTabs ? ['\t'] : DELIMITERS)
    .map((delimiter) => ({ delimiter, names: splitRecord(line, delimiter) }))
    .sort((a, b) => b.names.length - a.names.length);
  const { delimiter, names } = best as CsvHeader;
  const twice = names.find((name, at) => name !== '' && names.indexOf(name) !== at);
  if (twice !== undefined)
    throw fail(`its first line names the column "${twice}" twice`, 'Each column needs a name of its own.');
  return { delimiter, names: unlike(names) };
}

/** Names that DuckDB, which ignores case, can tell apart. */
function unlike(names: string[]): string[] {
  const taken = new Set<string>();
  return names.map((name, at) => {
    let free = name === '' ? `column${at}` : name;
    for (let n = 1; taken.has(free.toLowerCase()); n++) free = `${name}_${n}`;
    taken.add(free.toLowerCase());
    return free;
  });
}

async function readStart(path: string, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { end: MAX_HEADER - 1, signal })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function unpackStart(path: string, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const keep = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      if (length < MAX_HEADER) chunks.push(chunk);
      length += chunk.length;
    }
  };
  try {
    await pipeline(createReadStream(path), createGunzip(), keep, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('Z_')) throw error;
    throw new ConfigError(
      `${path} cannot be read as CSV: ${code === 'Z_BUF_ERROR' ? 'it is cut off' : 'it is not a complete gzip file'}.`,
      { cause: error, hint: 'Fetch it again; it may still be being written.' },
    );
  }
  return Buffer.concat(chunks).subarray(0, MAX_HEADER);
}

/** The text up to the first line end that is not within quotes. */
function firstRecord(text: string): string {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    else if (!quoted && (text[at] === '\n' || text[at] === '\r')) return text.slice(0, at);
  }
  return text;
}

function splitRecord(line: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (const char of line) {
    if (char === '"') quoted = !quoted;
    if (char === delimiter && !quoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  return [...fields, field].map((each) =>
    /^".*"$/s.test(each) ? each.slice(1, -1).replaceAll('""', '"') : each,
  );
}
