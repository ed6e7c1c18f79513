import { readFileSync } from 'node:fs';
import { fillIn } from '../../../../text/fill-in.ts';
import type { SharedTexts } from '../../../catalog/catalog.ts';
import type { AskSource } from '../../../dialect.ts';

// Names of databases and roles are stored once for the whole server, in the encoding of the database in which they were
// created, which is recorded nowhere: https://www.postgresql.org/docs/current/multibyte.html. In a database with
// another encoding, they appear with wrong letters, or as no text at all. So Ferry reads them as bytes, and always
// decodes them in the same way.

/** SQL of Postgres for the bytes of a text, whatever they are: nothing is converted or checked. */
export const bytesOf = (text: string) =>
  `pg_catalog.decode(pg_catalog.replace(${text}::pg_catalog.text, E'\\\\', E'\\\\\\\\'), 'escape')`;

/** The same, as hexadecimal digits. */
export const hexOf = (text: string) => `pg_catalog.encode(${bytesOf(text)}, 'hex')`;

/** SQL for the encodings of the server's databases, separated by commas. */
export const ENCODINGS = `(SELECT pg_catalog.string_agg(DISTINCT pg_catalog.pg_encoding_to_char(e.encoding)::text, ',') FROM pg_catalog.pg_database AS e)`;

/**
 * The name of the database in hexadecimal digits, the texts that are not ASCII in the same form and separated by
 * commas, and the encodings of the server's databases.
 */
const sharedTexts = fillIn(readFileSync(new URL('./postgres-shared-texts.sql', import.meta.url), 'utf8'), {
  DATABASE: hexOf('pg_catalog.current_database()'),
  ROLE: hexOf('r.rolname'),
  TEXT: hexOf('of_database.text'),
  ENCODINGS,
});

/** The web standard's names for encodings that Postgres calls otherwise; it finds ISO_8859_5 and WIN1252 by rule. */
const LABELS: Readonly<Record<string, string>> = {
  LATIN1: 'iso-8859-1',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN5: 'iso-8859-9',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  EUC_JP: 'euc-jp',
  EUC_JIS_2004: 'euc-jp',
  EUC_KR: 'euc-kr',
  EUC_CN: 'gbk',
  EUC_TW: 'big5',
};

const labelOf = (encoding: string) =>
  LABELS[encoding] ??
  encoding
    .replace(/^WIN(\d+)$/, 'windows-$1')
    .replaceAll('_', '-')
    .toLowerCase();

/**
 * Decodes a text that all databases of a server share: as UTF-8 if it is that, else in the first of the server's other
 * encodings in which it is valid, else as LATIN1, in which all bytes are valid. Each run of bytes beyond ASCII is
 * decoded separately, because a list of privileges may contain names in several encodings.
 *
 * @param hex the bytes, as hexadecimal digits
 * @param encodings of the server's databases, in Postgres's words
 */
export function readSharedText(hex: string, encodings: readonly string[]): string {
  const labels = encodings.filter((name) => name !== 'UTF8' && name !== 'SQL_ASCII').map(labelOf);
  const read = (run: string) => {
    const bytes = Buffer.from(run, 'latin1');
    for (const label of ['utf-8', ...labels.toSorted()]) {
      try {
        return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        // Not valid in this encoding, or one that only Postgres knows.
      }
    }
    return new TextDecoder('windows-1252').decode(bytes);
  };
  return Buffer.from(hex, 'hex')
    .toString('latin1')
    .replace(/[\x80-\xff]+/g, read);
}

/** @see Catalog.readSharedTexts */
export async function readSharedTexts(ask: AskSource): Promise<SharedTexts> {
  const [[database, listed, encodings] = []] = (await ask(sharedTexts)).rows;
  const known = split(encodings);
  return {
    database: readSharedText(String(database), known),
    texts: new Map(split(listed).map((hex) => [hex, readSharedText(hex, known)])),
  };
}

/** The parts of a list with commas; empty for null. */
export const split = (list: unknown) => (typeof list === 'string' ? list.split(',') : []);

/** The server's bytes for a name, if they are not the name in UTF-8: they must be sent to refer to it. */
export function rawBytesOf(hex: string, name: string): Buffer | undefined {
  const bytes = Buffer.from(hex, 'hex');
  return bytes.equals(Buffer.from(name, 'utf8')) ? undefined : bytes;
}
