import { column, type RelationFact, relation } from './facts.ts';

/** A schema whose name has everything. */
export const GREETINGS = `Grüße/"x" 'y' 🐘.z%`;

/** Names that want to be quoted, escaped, split or filled in; all come out as they are. */
export const nameFacts: RelationFact[] = [
  relation(GREETINGS, `Täble/1 "q" 's' 🚢`, [
    column('Größe', 'int4', { notNull: true, primary: true }),
    column('a/b', 'text'),
    column('"', 'text'),
    column("'", 'text'),
    column('🐘', 'text'),
    column('select', 'text'),
    column('back\\slash', 'text'),
    column('UPPER lower', 'text'),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the name of a column
    column('${x} {0} %s :word', 'text'),
    column(' edges ', 'text'),
    column('new\nline', 'text'),
    column('tab\there', 'text'),
    column('<b>bold</b>', 'text'),
    column(`${'ä'.repeat(31)}x`, 'text'),
    column('; --', 'text'),
    column('1', 'text'),
  ]),
  relation(GREETINGS, `Sicht/"v" 'w' 🐘`, [column('Größe ü', 'int4'), column('a/b', 'text')], {
    kind: 'VIEW',
    insertable: true,
  }),
  relation('public', 'with "type"', [column('kind', 'Größen Typ')]),
];
