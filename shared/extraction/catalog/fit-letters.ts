import type { CatalogScope } from '../../source/catalog/catalog-scope.ts';

/** In no name, and in every encoding. */
const SUBSTITUTE = '\u001a';

/**
 * A database takes no statement with a letter that its encoding does not have, such as one in a filter that is for another database.
 *
 * @param texts filters, and names, that are to be asked about
 * @returns what has each such letter replaced by one that is in no name, so that it matches itself and nothing else
 */
export async function fitLetters(
  scope: Pick<CatalogScope, 'takesText'>,
  texts: readonly string[],
): Promise<(text: string) => string> {
  const letters = [...new Set(texts.join(''))].filter((letter) => letter > '\u007f');
  if (letters.length === 0 || (await scope.takesText(letters.join('')))) return (text) => text;
  const strange = new Set<string>();
  for (const letter of letters) if (!(await scope.takesText(letter))) strange.add(letter);
  return (text) => [...text].map((letter) => (strange.has(letter) ? SUBSTITUTE : letter)).join('');
}

/** For people: nobody has written the letter that stands for others. */
export const tellLetters = (text: string) => text.replaceAll(SUBSTITUTE, '?');
