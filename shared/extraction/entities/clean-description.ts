const MAX_CHARACTERS = 100_000;

/**
 * A comment as Atlan shows it: its first 100,000 characters (code points), without tags, and with each run of white
 * space reduced to one space (docs/extraction.md).
 */
export function cleanDescription(comment: string): string {
  const text = withoutTags(firstCharacters(comment)).replace(/\p{White_Space}+/gu, ' ');
  return text.replace(/^ | $/g, '');
}

function firstCharacters(text: string): string {
  if (text.length <= MAX_CHARACTERS) return text;
  // A code point has at most two units.
  return Array.from(text.slice(0, 2 * MAX_CHARACTERS))
    .slice(0, MAX_CHARACTERS)
    .join('');
}

/** Removes what matches `<[^>]+>`, in one pass: the expression itself is quadratic for a text with many `<`. */
function withoutTags(text: string): string {
  let kept = '';
  let position = 0;
  for (let start = text.indexOf('<'); start >= 0; start = text.indexOf('<', start)) {
    // At least one character between them: `<>` is not a tag.
    const end = text.indexOf('>', start + 1);
    if (end < 0) break;
    if (end === start + 1) {
      start += 1;
      continue;
    }
    kept += text.slice(position, start);
    position = end + 1;
    start = position;
  }
  return kept + text.slice(position);
}
