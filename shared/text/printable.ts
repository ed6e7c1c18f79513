// Control characters, those that turn or hide text, halves of characters, and the other two line breaks.
const UNSEEN = String.raw`\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}`;
const unseen = new RegExp(`[${UNSEEN}]`, 'gu');
const unseenButIndentation = new RegExp(`(?!\\n {2})[${UNSEEN}]`, 'gu');
// What Ferry itself writes to a terminal: line breaks, the line that is drawn again, colors.
const OWN = String.raw`\n|\r\x1b\[K|\x1b\[\d{1,3}m`;
const unseenButOwn = new RegExp(`(${OWN})|[${UNSEEN}]`, 'gu');

/** As JSON writes it, so that a text of JSON stays the same value. */
export function escapeCharacter(character: string): string {
  return character.replace(/./gsu, (one) =>
    Array.from({ length: one.length }, (_, index) => one.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/**
 * Foreign text as one line in which everything is seen: names and words of a source, of Polyteia, of a file. Nothing in it moves the
 * cursor, colors or turns what comes after it, or looks like a line of Ferry's own.
 */
export const printable = (text: string) => text.replace(unseen, escapeCharacter);

/** The same of a message, which may have lines of its own: they begin with two blanks. */
export const printableMessage = (text: string) => text.replace(unseenButIndentation, escapeCharacter);

/** What a terminal gets: the last net below {@link printable}, under all that a command writes. JSON keeps its values. */
export const printableOutput = (text: string) =>
  text.replace(unseenButOwn, (character, own: string | undefined) => own ?? escapeCharacter(character));
