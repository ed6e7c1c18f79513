import * as z from 'zod';
import { StateError } from '../../errors.ts';
import { printableOutput } from '../../text/printable.ts';

/**
 * The version of all stored documents. A release that only adds fields does not change it: an older release ignores the
 * new fields, and keeps them when it writes the document again. A release that changes the meaning of a field raises
 * it, and older ones refuse the document.
 */
export const SCHEMA_VERSION = 1;
export const schemaVersion = z.literal(SCHEMA_VERSION);

/**
 * An object in a document. Fields that a later minor release has added are accepted and kept; its type only lists the
 * fields of this release.
 */
export function openObject<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape> {
  // With the type of a loose object, any misspelt field would compile.
  return z.looseObject(shape) as unknown as z.ZodObject<Shape>;
}

/** The fields of a document that this release does not know, to be kept in its replacement. */
export function unknownFields(schema: z.ZodObject, document: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !Object.hasOwn(schema.shape, name)));
}

/** A document, described for people. */
export interface DocumentNote {
  /** What it is, as the beginning of a sentence. */
  what: string;
  /** Where it is. */
  at: string;
  /** What to do about a damaged one: a sentence. */
  remedy: string;
}

/** A document, or why it cannot be read: it is damaged, or a later release wrote it. */
export type Reading<T> = { document: T } | { fault: 'damaged' | 'later'; reason: string };

const laterVersion = z.looseObject({ schemaVersion: z.number().gt(SCHEMA_VERSION) });

/** Reads the text of a document. A document that cannot be read differs from a missing one, which has no text. */
export function inspectDocument<T>(schema: z.ZodType<T>, text: string): Reading<T> {
  if (text.trim() === '') return { fault: 'damaged', reason: 'is empty' };
  let content: unknown;
  try {
    // If somebody has repaired it by hand, their editor may have put a byte-order mark before it.
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return { fault: 'damaged', reason: 'is not complete JSON' };
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return { document: parsed.data };
  const later = laterVersion.safeParse(content).data;
  if (later)
    return {
      fault: 'later',
      reason: `was written by a later release of Ferry (schemaVersion ${later.schemaVersion})`,
    };
  const fields = new Set(parsed.error.issues.map(({ path }) => nameOf(path)).filter((name) => name !== ''));
  const named = fields.size === 0 ? '' : ` (${[...fields].slice(0, 3).join(', ')})`;
  return { fault: 'damaged', reason: `does not have the form that this release of Ferry expects${named}` };
}

/** A field's name, if Ferry uses it: in a damaged document it may be anything. */
const nameOf = (path: readonly PropertyKey[]) =>
  path
    .map(String)
    .filter((part) => /^[\w-]{1,64}$/.test(part))
    .join('.');

/** @throws StateError when the document cannot be read */
export function readDocument<T>(schema: z.ZodType<T>, text: string, note: DocumentNote): T {
  const read = inspectDocument(schema, text);
  if ('document' in read) return read.document;
  throw unreadable(note, read);
}

/** The error of a document that exists and cannot be read. */
export function unreadable(
  { what, at, remedy }: DocumentNote,
  { fault, reason }: { fault: 'damaged' | 'later'; reason: string },
): StateError {
  return new StateError(`${what} cannot be read: ${at} ${reason}.`, {
    hint: fault === 'later' ? 'Use the release that wrote it, or a newer one.' : remedy,
  });
}

/**
 * A document as it is stored: names in it keep their value, but cannot affect the terminal of a person who looks at it.
 */
export function toStoredText(document: unknown): string {
  return printableOutput(JSON.stringify(document));
}
