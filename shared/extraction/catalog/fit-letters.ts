import { QueryError } from '../../errors.ts';
import { type CatalogFilters, quoteText } from '../../source/catalog/filters.ts';
import type { AskSource } from '../../source/dialect.ts';

/** In no name, and in every encoding. */
const SUBSTITUTE = '\u001a';

/**
 * A database takes no statement with a letter that its encoding does not have, such as one in a filter that is for another database.
 *
 * @param texts filters, and names, that are to be asked about
 * @returns what has each such letter replaced by one that is in no name, so that it matches itself and nothing else
 */
export async function fitLetters(
  ask: AskSource,
  texts: readonly string[],
): Promise<(text: string) => string> {
  const letters = [...new Set(texts.join(''))].filter((letter) => letter > '\u007f');
  if (letters.length === 0 || (await isTaken(ask, letters.join('')))) return (text) => text;
  const strange = new Set<string>();
  for (const letter of letters) if (!(await isTaken(ask, letter))) strange.add(letter);
  return (text) => [...text].map((letter) => (strange.has(letter) ? SUBSTITUTE : letter)).join('');
}

async function isTaken(ask: AskSource, text: string): Promise<boolean> {
  try {
    await ask(`SELECT ${quoteText(text)} AS letters`);
    return true;
  } catch (error) {
    if (error instanceof QueryError) return false;
    throw error;
  }
}

/** All texts of filters. */
export const textsOf = ({ include, exclude, tempTableRegex }: CatalogFilters): string[] => [
  ...[include, exclude].flatMap((filter) => Object.entries(filter).flat(2)),
  tempTableRegex,
];

/** Filters with their letters replaced. */
export function mapFilters(
  { include, exclude, tempTableRegex }: CatalogFilters,
  adapt: (text: string) => string,
): CatalogFilters {
  const map = (filter: CatalogFilters['include']) =>
    Object.fromEntries(
      Object.entries(filter).map(([database, schemas]) => [
        adapt(database),
        typeof schemas === 'string' ? schemas : schemas.map(adapt),
      ]),
    );
  return { include: map(include), exclude: map(exclude), tempTableRegex: adapt(tempTableRegex) };
}

/** For people: nobody has written the letter that stands for others. */
export const tellLetters = (text: string) => text.replaceAll(SUBSTITUTE, '?');
