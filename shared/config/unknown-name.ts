import { printable } from '../text/printable.ts';
import { shorten } from '../text/shorten.ts';
import { nearestName } from './nearest-name.ts';

const MANY = 20;
const SHOWN = 10;
/** Fewer letters could be the beginning of anything. */
const SHORTENED = 3;

/** `unknown field "prot"` with the nearest name or the list of valid ones. */
export function unknownNameMessage(kind: string, word: string, candidates: readonly string[]): string {
  const nearest = nearestName(word, candidates) ?? onlyBeginning(word, candidates);
  const valid = candidates.length > 0 ? `valid: ${listNames(candidates)}` : `no ${kind} is defined`;
  return `unknown ${kind} "${printable(shorten(word))}"${nearest ? `; did you mean "${nearest}"?` : ` (${valid})`}`;
}

/** The one name that begins with the word, which somebody may have shortened. */
function onlyBeginning(word: string, candidates: readonly string[]): string | undefined {
  if (word.length < SHORTENED) return undefined;
  const [one, ...others] = candidates.filter((name) => name.startsWith(word));
  return others.length === 0 ? one : undefined;
}

/** All of them, unless nobody would read so many. */
function listNames(names: readonly string[]): string {
  if (names.length <= MANY) return names.join(', ');
  return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
}

/** Adds the period that a sentence ends with. */
export function asSentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
