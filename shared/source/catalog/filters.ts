/** Which schemas and relations of a source are read: the fields of an extraction in ferry.yaml. */
export interface CatalogFilters {
  /** Patterns of schemas by pattern of databases; without entries, all schemas. */
  include: Readonly<Record<string, '*' | readonly string[]>>;
  /** What is left out of these; takes precedence over `include`. */
  exclude: Readonly<Record<string, '*' | readonly string[]>>;
  /** Leaves out relations with a matching name; empty: leaves out none. */
  tempTableRegex: string;
}

/** Filters that leave out nothing. */
export const EVERYTHING: CatalogFilters = { include: {}, exclude: {}, tempTableRegex: '' };

/** The patterns of one database pattern; empty `schemas` means all of them. */
export interface FilterEntry {
  database: string;
  schemas: readonly string[];
}

/** Matches anything, although it is not a valid regular expression. */
export const ANYTHING = '*' as const;

/** The entries of a filter in their order. `"*"`, `[]` and a `*` among the patterns all mean every schema. */
export function entriesOf(filter: CatalogFilters['include']): FilterEntry[] {
  return Object.entries(filter).map(([database, schemas]) => ({
    database,
    schemas: schemas === ANYTHING || schemas.includes(ANYTHING) ? [] : schemas,
  }));
}

/** A pattern of the filters, for messages about it. */
export interface PlacedPattern {
  pattern: string;
  field: 'include' | 'exclude' | 'tempTableRegex';
  /** Where it is in the file, for people. */
  place: string;
}

/** Every pattern of the filters that the source reads as a regular expression. */
export function placedPatterns(filters: CatalogFilters): PlacedPattern[] {
  const ofFilter = (field: 'include' | 'exclude'): PlacedPattern[] =>
    entriesOf(filters[field]).flatMap(({ database, schemas }) => [
      { pattern: database, field, place: `${field}: the database pattern "${database}"` },
      ...schemas.map((pattern) => ({
        pattern,
        field,
        place: `${field}: the schema pattern "${pattern}" of "${database}"`,
      })),
    ]);
  const { tempTableRegex } = filters;
  return [
    ...ofFilter('include'),
    ...ofFilter('exclude'),
    ...(tempTableRegex === ''
      ? []
      : [
          {
            pattern: tempTableRegex,
            field: 'tempTableRegex' as const,
            place: `tempTableRegex "${tempTableRegex}"`,
          },
        ]),
  ].filter(({ pattern }) => pattern !== ANYTHING);
}

/** All texts of filters. */
export const textsOf = ({ include, exclude, tempTableRegex }: CatalogFilters): string[] => [
  ...[include, exclude].flatMap((filter) => Object.entries(filter).flat(2)),
  tempTableRegex,
];

/** Filters with their letters replaced. */
export function mapFilters(
  { include, exclude, tempTableRegex }: CatalogFilters,
  adapt: (text: string) => string,
): CatalogFilters {
  const map = (filter: CatalogFilters['include']) => {
    const adapted = Object.entries(filter).map(
      ([database, schemas]) =>
        [adapt(database), typeof schemas === 'string' ? schemas : schemas.map(adapt)] as const,
    );
    // Two patterns may differ by letters that the database does not have: both hold.
    const together = [...Map.groupBy(adapted, ([database]) => database)].map(([database, entries]) => {
      const schemas = entries.map(([, each]) => each);
      const areAll = schemas.some((each) => typeof each === 'string' || each.length === 0);
      return [database, areAll ? ANYTHING : schemas.flat()] as const;
    });
    return Object.fromEntries<typeof ANYTHING | readonly string[]>(together);
  };
  return { include: map(include), exclude: map(exclude), tempTableRegex: adapt(tempTableRegex) };
}
