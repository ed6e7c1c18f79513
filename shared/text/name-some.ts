/** Names for a sentence: the first three, and how many more there are. */
export const nameSome = (names: readonly string[]) =>
  names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
