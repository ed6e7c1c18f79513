import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CatalogFilters, EVERYTHING } from '../../../../shared/source/catalog/filters.ts';
import {
  OWNER,
  POSTGRES_15,
  startTortureServer,
  TORTURE_DATABASE,
  type TortureServer,
} from '../../../support/torture-catalog/create.ts';
import { type ExpectedEntity, expectedEntities } from '../../../support/torture-catalog/expected-entities.ts';
import { extractTorture, RUN } from '../../../support/torture-catalog/extract.ts';
import { schemaNames } from '../../../support/torture-catalog/facts/all-facts.ts';
import { GREETINGS } from '../../../support/torture-catalog/facts/facts-names.ts';
import { readServerTexts } from '../../../support/torture-catalog/server-texts.ts';

const db = `^${TORTURE_DATABASE}$`;
const allBut = (...names: string[]) => schemaNames.filter((name) => !names.includes(name));

/** What stays of all schemas; each case is about one rule of the contract (section 5, and 8.10). */
const schemaCases: { rule: string; filters: Partial<CatalogFilters>; schemas: string[] }[] = [
  { rule: 'nothing given: everything', filters: {}, schemas: schemaNames },
  { rule: '"*" is every schema', filters: { include: { [db]: '*' } }, schemas: schemaNames },
  { rule: '[] is every schema', filters: { include: { [db]: [] } }, schemas: schemaNames },
  {
    rule: "Atlan's anchored form",
    filters: { include: { [db]: ['^app$', '^twins_a$'] } },
    schemas: ['app', 'twins_a'],
  },
  {
    rule: 'without anchors the whole name has to match too',
    filters: { include: { [TORTURE_DATABASE]: ['app', 'wins_a', 'part'] } },
    schemas: ['app'],
  },
  {
    rule: 'a beginning only where the pattern says so',
    filters: { include: { [db]: ['^app.*$'] } },
    schemas: ['app', 'app_extra'],
  },
  {
    rule: 'alternatives are anchored together',
    filters: { include: { [db]: ['app|parts'] } },
    schemas: ['app', 'parts'],
  },
  { rule: 'upper and lower case differ', filters: { include: { [db]: ['APP', 'Said'] } }, schemas: [] },
  {
    rule: 'the database has to match as a whole',
    filters: { include: { Tör: '*', 'other|db': '*' } },
    schemas: [],
  },
  {
    rule: 'a pattern of databases',
    filters: { include: { 'Tör.*': ['twins_.'] } },
    schemas: ['twins_a', 'twins_b'],
  },
  {
    rule: 'entries of other databases do nothing',
    filters: { include: { [db]: ['app'], other: '*' }, exclude: { other: '*' } },
    schemas: ['app'],
  },
  {
    rule: 'a name with quotes, a slash and an emoji',
    filters: { include: { [db]: [GREETINGS.replace('.', '\\.')] } },
    schemas: [GREETINGS],
  },
  {
    rule: 'quotes and colons in a pattern are no SQL',
    filters: { include: { [db]: ["app' OR 'a'='a", "x'\\) OR true --", ':word', '%s', '__SCOPE__'] } },
    schemas: [],
  },
  {
    rule: 'names of placeholders in patterns are no SQL',
    filters: { include: { [db]: ['app|__RELATION_IN_SCOPE__'] }, tempTableRegex: "^__SCOPE__|it's" },
    schemas: ['app'],
  },
  {
    rule: 'a backslash is one of the regular expression',
    filters: { include: { [db]: ['parts\\s\\d', 'only\\Dview'] } },
    schemas: ['only_view', 'parts 2'],
  },
  {
    rule: 'excluded schemas go',
    filters: { exclude: { [db]: ['said', '^parts$'] } },
    schemas: allBut('said', 'parts'),
  },
  {
    rule: 'exclude wins over include',
    filters: { include: { [db]: ['app', 'parts', 'parts 2'] }, exclude: { [db]: ['parts 2'] } },
    schemas: ['app', 'parts'],
  },
  { rule: 'all excluded', filters: { exclude: { [db]: '*' } }, schemas: [] },
];

const temporaryCases: { pattern: string; leftOut: (name: string) => boolean }[] = [
  { pattern: '^temp_', leftOut: (name) => name === 'temp_load' || name === 'temp_view' },
  { pattern: '^TEMP_', leftOut: () => false },
  { pattern: '(?i)^TEMP_', leftOut: (name) => name.toLowerCase().startsWith('temp_') },
  // Parents of partitions, and one partition in the middle of a tree.
  { pattern: '^by_range$|range_2024$', leftOut: (name) => name === 'by_range' || name === 'range_2024' },
  { pattern: '202[34]', leftOut: (name) => /202[34]/.test(name) },
  { pattern: `["']|🐘`, leftOut: (name) => /["']|🐘/u.test(name) },
  { pattern: '.', leftOut: () => true },
];

describe('filters', () => {
  let server: TortureServer;
  let all: ExpectedEntity[];
  beforeAll(async () => {
    server = await startTortureServer(POSTGRES_15);
    const client = await server.connect(TORTURE_DATABASE, OWNER);
    all = expectedEntities({ ...RUN, database: TORTURE_DATABASE }, 15, await readServerTexts(client));
    await client.end();
  });
  afterAll(() => server?.stop());

  /** What is left, as whole entities; the facts of the catalog say what there is. */
  async function expectLeft(filters: Partial<CatalogFilters>, keep: (of: Names) => boolean) {
    await using extraction = await extractTorture(server, TORTURE_DATABASE, OWNER, {
      filters: { ...EVERYTHING, ...filters },
    });
    const left = all.filter((entity) => entity.typeName === 'Database' || keep(namesOf(entity)));
    const there = new Set(left.map(({ attributes }) => attributes.qualifiedName));
    const wanted = left.map((entity) => {
      // A relation to what was left out goes; the names of it stay.
      const { parentTable, ...attributes } = entity.attributes;
      return there.has(String(attributes.tableQualifiedName)) ? entity : { ...entity, attributes };
    });
    const got = extraction.entities.map((entity) => {
      const { lastSyncRunAt: _, ...attributes } = entity.attributes;
      return { ...entity, attributes };
    });
    const sorted = (entities: { attributes: { qualifiedName: string } }[]) =>
      entities.toSorted((one, other) =>
        one.attributes.qualifiedName < other.attributes.qualifiedName ? -1 : 1,
      );
    expect(sorted(got)).toStrictEqual(sorted(wanted));
  }

  it.each(schemaCases)('by schema: $rule', async ({ filters, schemas }) => {
    await expectLeft(filters, ({ schema }) => schemas.includes(schema));
  });

  // The counts of a schema stay what they are.
  it.each(temporaryCases)('by name of table: $pattern', async ({ pattern, leftOut }) => {
    await expectLeft(
      { tempTableRegex: pattern },
      ({ relation }) => relation === undefined || !leftOut(relation),
    );
  });

  it('by schema and by name of table at once', async () => {
    await expectLeft(
      { include: { [db]: ['app'] }, tempTableRegex: 'orders' },
      ({ schema, relation }) => schema === 'app' && !relation?.includes('orders'),
    );
  });
});

interface Names {
  schema: string;
  /** Of a table or view, and of the one that a column is in. */
  relation?: string;
}

function namesOf({ typeName, attributes }: ExpectedEntity): Names {
  const { name, schemaName, tableName, viewName } = attributes;
  if (typeName === 'Schema') return { schema: name };
  const schema = String(schemaName);
  if (typeName === 'Procedure') return { schema };
  return { schema, relation: typeName === 'Column' ? String(tableName ?? viewName) : name };
}
