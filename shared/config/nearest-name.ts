import { closest, distance } from 'fastest-levenshtein';

/** The candidate nearest to `word`, if it is near enough to be what the writer meant. */
export function nearestName(word: string, candidates: readonly string[]): string | undefined {
  const others = candidates.filter((candidate) => candidate !== word);
  if (others.length === 0) return undefined;
  const best = closest(word, others);
  return distance(word.toLowerCase(), best.toLowerCase()) <= Math.max(2, Math.floor(word.length / 3))
    ? best
    : undefined;
}
