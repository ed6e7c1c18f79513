import type { CatalogScope } from '../../source/catalog/catalog-scope.ts';

/** Part of every encoding, and of no name. */
const SUBSTITUTE = '\u001a';

/**
 * A database refuses a statement with a letter that its encoding lacks, for example in a filter that is meant for
 * another database.
 *
 * @param texts the filters and names that will be used
 * @returns a function that replaces each such letter by one that no name contains, so that it matches itself and
 *   nothing else
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

/** For people, who never wrote the substitute. */
export const tellLetters = (text: string) => text.replaceAll(SUBSTITUTE, '?');
