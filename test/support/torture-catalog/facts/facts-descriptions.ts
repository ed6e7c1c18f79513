import { column, type RelationFact, relation } from './facts.ts';

/** Comments as they are cleaned up, by the table that has one, and its column too. */
const descriptions: Record<string, string | undefined> = {
  html: 'Main orders table with breaks',
  comparison: 'a c',
  empty_tag: 'a <> b',
  open_tag: 'a < b',
  tag_over_lines: 'a e',
  nested: '>',
  only_tags: '',
  only_spaces: '',
  spaces_between_tags: '',
  edges: 'two words',
  all_spaces: 'a b',
  quotes: `it's "quoted" \\ \u0001 🐘`,
  none: undefined,
  long: '0123456789'.repeat(10_000),
  // Characters, not units of UTF-16.
  long_elephants: '🐘'.repeat(100_000),
  // Cut first, then without tags: of the last tag only its first character is left.
  long_tags: '<',
  cut_in_tag: `${'x'.repeat(99_998)}<b`,
  cut_after_space: 'x'.repeat(99_999),
};

/** Code points that Unicode calls white space; each stands between `a` and `b` in the comment of `space_{code}`. */
const spaces = [9, 10, 11, 12, 13, 32, 133, 160, 5760, 8192, 8232, 8239, 8287, 12288];
/** Zero-width space and zero-width no-break space: no white space to Unicode, whatever JavaScript thinks. */
const noSpaces = [8203, 65279];

export const descriptionFacts: RelationFact[] = [
  ...Object.entries(descriptions).map(([name, description]) =>
    relation('said', name, [column('a', 'int4', { description })], { description }),
  ),
  ...spaces.map((code) => relation('said', `space_${code}`, [column('a', 'int4')], { description: 'a b' })),
  ...noSpaces.map((code) =>
    relation('said', `space_${code}`, [column('a', 'int4')], {
      description: `a${String.fromCodePoint(code)}b`,
    }),
  ),
];
