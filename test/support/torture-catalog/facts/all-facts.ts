import type { RelationFact } from './facts.ts';
import { appFacts, postgres18Facts } from './facts-app.ts';
import { descriptionFacts } from './facts-descriptions.ts';
import { GREETINGS, nameFacts } from './facts-names.ts';
import { partitionFacts } from './facts-partitions.ts';
import { typeFacts } from './facts-types.ts';

/** Every relation of the torture catalog on that version of Postgres. */
export function relationFacts(major: number): RelationFact[] {
  return [
    ...appFacts,
    ...(major >= 18 ? postgres18Facts : []),
    ...typeFacts(major),
    ...partitionFacts,
    ...nameFacts,
    ...descriptionFacts,
  ];
}

/** Every schema of it, whatever is in it. */
export const schemaNames = [
  'app',
  'app_extra',
  'empty_schema',
  'ext',
  GREETINGS,
  'only_routine',
  'only_sequence',
  'only_view',
  'parts',
  'parts 2',
  'pgbook',
  'public',
  'said',
  'twins_a',
  'twins_b',
];

/** Has nothing but a sequence: a relation, though no table and no view, so that its counts are 0 and not absent. */
export const SCHEMA_OF_A_SEQUENCE = 'only_sequence';
