import { printable } from '../text/printable.ts';
import { shorten } from '../text/shorten.ts';
import { nearestName } from './nearest-name.ts';

const MANY = 20;
const SHOWN = 10;

/** `unknown field "prot"` with the nearest name or the list of valid ones. */
export function unknownNameMessage(kind: string, word: string, candidates: readonly string[]): string {
  const nearest = nearestName(word, candidates);
  const valid = candidates.length > 0 ? `valid: ${listNames(candidates)}` : `no ${kind} is defined`;
  return `unknown ${kind} "${printable(shorten(word))}"${nearest ? `; did you mean "${nearest}"?` : ` (${valid})`}`;
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
