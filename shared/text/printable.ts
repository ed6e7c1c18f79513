// Control characters, those that reverse or hide text, halves of characters, and the other two line breaks.
const UNSEEN = String.raw`\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}`;
const unseen = new RegExp(`[${UNSEEN}]`, 'gu');
const unseenButIndentation = new RegExp(`(?!\\n {2})[${UNSEEN}]`, 'gu');
// What Ferry itself writes to a terminal: line breaks, redrawing of the line, colors.
const OWN = String.raw`\n|\r\x1b\[K|\x1b\[\d{1,3}m`;
const unseenButOwn = new RegExp(`(${OWN})|[${UNSEEN}]`, 'gu');

/** Escaped as in JSON, so that JSON text keeps its value. */
export function escapeCharacter(character: string): string {
  return character.replace(/./gsu, (one) =>
    Array.from({ length: one.length }, (_, index) => one.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/**
 * Foreign text as one line in which everything is visible: names and words of a source, of Polyteia, of a file. Nothing
 * in it moves the cursor, changes colors or direction, or looks like a line of Ferry's own.
 */
export const printable = (text: string) => text.replace(unseen, escapeCharacter);

/** The same for a message, which may have several lines; they begin with two blanks. */
export const printableMessage = (text: string) => text.replace(unseenButIndentation, escapeCharacter);

/**
 * Applied to everything that a command writes, as the last safety net after {@link printable}. JSON keeps its values.
 */
export const printableOutput = (text: string) =>
  text.replace(unseenButOwn, (character, own: string | undefined) => own ?? escapeCharacter(character));
