// What an errorMessage may be about, in words that contain no data; the first match is reported.
const subjects: readonly (readonly [RegExp, string])[] = [
  [/\b(encoding|charset|utf-?8)\b/i, 'the encoding of text'],
  [/\b(schema|columns?|header)\b/i, 'the columns'],
  [/\b(types?|cast|convert|conversion|parse)\b/i, 'a value that does not fit its type'],
  [/\b(parquet|csv|format|delimiter|corrupt(ed)?)\b/i, 'the format of the file'],
  [/\b(too (large|big)|limit|quota|exceed(s|ed)?)\b/i, 'a limit'],
];

const quoted = /"[^"]*"|'[^']*'|`[^`]*`|«[^»]*»|„[^“”]*[“”]|“[^”]*”/g;
const position = /\b(?:at|in|on) (line|row|record|column) #?(\d{1,12})\b/gi;

/**
 * Why an ingest failed, as far as Ferry can report that without Polyteia's words: these may quote the file, and no
 * message may contain a value from it. What remains is a subject from Ferry's own list and a position.
 *
 * @returns undefined when nothing can be reported
 */
export function describeIngestFailure(errorMessage: string | undefined): string | undefined {
  const text = (errorMessage ?? '').replaceAll(quoted, '').replaceAll(/\s+/g, ' ');
  const subject = subjects.find(([words]) => words.test(text))?.[1];
  const places = [...text.matchAll(position)].map(([, unit, number]) => `${unit?.toLowerCase()} ${number}`);
  const told = [subject, ...new Set(places)].filter((part) => part !== undefined);
  return told.length === 0 ? undefined : told.join(', ');
}
