import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entitySchema } from '../../../../shared/extraction/entities/entity-schemas.ts';
import { assertEntityFiles, assertOutput } from '../../../support/extraction/assert-output.ts';
import { type AtlanEntity, atlanEntity } from '../../../support/extraction/atlan-contract.ts';

// What the original wrote against a Postgres 15: examples, as they were written.
const file = new URL('../../../support/extraction/atlan-examples.jsonl', import.meta.url);
const examples = (await readFile(file, 'utf8'))
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as AtlanEntity);
const cases = examples.map((example) => ({ typeName: example.typeName, example }));

/** What the contract calls absent under some condition. */
const optional = new Set(
  (
    'description rowCount partitionStrategy partitionCount constraint parentTable tableCount viewsCount precision ' +
    'numeric_precision character_octet_length'
  ).split(' '),
);

describe.each(cases)('$typeName', ({ example }) => {
  it.each([
    { of: 'the tests', schema: atlanEntity },
    { of: 'the program', schema: entitySchema },
  ])('of the original fits the schema of $of', ({ schema }) => {
    expect(schema.safeParse(example).error?.message).toBeUndefined();
    const more = { ...example, attributes: { ...example.attributes, ownerName: 'x' } };
    expect(schema.safeParse(more).success).toBe(false);
  });

  const groups = (['attributes', 'customAttributes'] as const).filter(
    (group) => Object.keys(example[group]).length > 0,
  );
  it.each(groups)('may not lack anything of its %s, nor have null', (group) => {
    const all = example[group] as Record<string, unknown>;
    for (const name of Object.keys(all)) {
      const { [name]: value, ...less } = all;
      const lacking = atlanEntity.safeParse({ ...example, [group]: less }).success;
      // A definition that a server cannot give is left out, and a warning tells it.
      const mayLack = optional.has(name) || (group === 'attributes' && name === 'definition');
      expect({ name, lacking }).toEqual({ name, lacking: mayLack });
      const wrong = atlanEntity.safeParse({
        ...example,
        [group]: { ...all, [name]: { wrong: value } },
      }).success;
      expect({ name, wrong }).toEqual({ name, wrong: false });
    }
  });
});

describe('the checks of a whole output', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferry atlan ü '));
    await writeOutput(() => undefined);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const typeFolders: Record<AtlanEntity['typeName'], string> = {
    Database: 'database',
    Schema: 'schema',
    Table: 'table',
    View: 'table',
    MaterialisedView: 'table',
    TablePartition: 'table',
    Column: 'column',
    Procedure: 'extras-procedure',
  };

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }

  /** The examples as one run, in which relations have their targets; `change` spoils the entities before they are written. */
  async function writeOutput(change: (entities: Record<string, Entity>) => void): Promise<void> {
    const entities = Object.fromEntries(
      structuredClone(examples).map((example) => [example.typeName, example as unknown as Entity]),
    );
    const table = entities.Table?.attributes.qualifiedName;
    for (const relation of [
      entities.TablePartition?.attributes.parentTable,
      entities.Column?.attributes.table,
    ])
      (relation as { uniqueAttributes: object }).uniqueAttributes = { qualifiedName: table };
    Object.assign(entities.TablePartition?.attributes ?? {}, {
      tableQualifiedName: table,
      tableName: 'customer_orders',
    });
    Object.assign(entities.Column?.attributes ?? {}, {
      tableQualifiedName: table,
      tableName: 'customer_orders',
    });
    change(entities);
    const files = [];
    for (const type of new Set(Object.values(typeFolders))) {
      const lines = Object.values(entities)
        .filter(({ typeName }) => typeFolders[typeName] === type)
        .map((entity) => `${JSON.stringify(entity)}\n`);
      const contents = { transformed: lines.join(''), raw: `raw ${type}` };
      for (const [form, text] of Object.entries(contents)) {
        const key = `${form}/${type}/1.${form === 'raw' ? 'parquet' : 'json'}`;
        await write(key, text);
        const sha256 = createHash('sha256').update(text).digest('hex');
        files.push({
          key: `prefix/workflow/run/${key}`,
          form,
          type,
          rows: lines.length,
          bytes: Buffer.byteLength(text),
          sha256,
        });
      }
      const statistics = { total_record_count: lines.length, chunk_count: 1 };
      for (const form of Object.keys(contents))
        await write(`${form}/${type}/statistics.json.ignore`, JSON.stringify(statistics));
    }
    await write('manifest.json', JSON.stringify({ files }));
  }

  const column = () => readFile(join(folder, 'transformed/column/1.json'), 'utf8');

  it('find nothing wrong in a correct one', async () => {
    expect(await assertOutput(folder)).toHaveLength(examples.length);
  });

  const faults: { fault: string; spoil: () => Promise<unknown>; says: RegExp }[] = [
    {
      fault: 'a file without its last line break',
      spoil: async () => write('transformed/column/1.json', (await column()).trimEnd()),
      says: /ends with a line break/,
    },
    {
      fault: 'two lines in one',
      spoil: async () => write('transformed/column/1.json', `${(await column()).trimEnd()}${await column()}`),
      says: /JSON/,
    },
    {
      fault: 'an integer written as a float',
      spoil: async () =>
        write('transformed/column/1.json', (await column()).replace('"order":2', '"order":2.0')),
      says: /integers stay integers/,
    },
    {
      fault: 'the same qualifiedName twice',
      spoil: async () => write('transformed/column/1.json', `${await column()}${await column()}`),
      says: /qualifiedNames of several entities/,
    },
    {
      fault: 'a relation to an entity of another type',
      spoil: () =>
        writeOutput(({ Column, View }) => {
          const relation = Column?.attributes.table as { uniqueAttributes: object };
          relation.uniqueAttributes = { qualifiedName: View?.attributes.qualifiedName };
        }),
      says: /relations that point at nothing/,
    },
    {
      fault: 'a schema that is not there',
      spoil: () => writeOutput((entities) => delete entities.Schema),
      says: /./,
    },
    {
      fault: 'the name of another schema',
      spoil: () => writeOutput(({ View }) => Object.assign(View?.attributes ?? {}, { schemaName: 'other' })),
      says: /not those of the qualifiedName/,
    },
    {
      fault: 'an entity in the folder of another type',
      spoil: async () => write('transformed/schema/1.json', await column()),
      says: /Column/,
    },
    {
      fault: 'a gap in the numbers',
      spoil: async () => write('raw/column/3.parquet', 'raw'),
      says: /without gaps/,
    },
    {
      fault: 'wrong statistics',
      spoil: () =>
        write('transformed/column/statistics.json.ignore', '{"total_record_count":2,"chunk_count":1}'),
      says: /transformed\/column/,
    },
    {
      fault: 'wrong statistics of raw files',
      spoil: () => write('raw/column/statistics.json.ignore', '{"total_record_count":1,"chunk_count":2}'),
      says: /raw\/column/,
    },
    {
      fault: 'no statistics',
      spoil: () => rm(join(folder, 'raw/column/statistics.json.ignore')),
      says: /statistics\.json\.ignore/,
    },
    { fault: 'a stray file', spoil: () => write('transformed/column/1.json.tmp', ''), says: /no other file/ },
    {
      fault: 'a file that is not the manifest’s',
      spoil: () => write('raw/column/1.parquet', 'RAW column'),
      says: /./,
    },
  ];

  it.each(faults)('find $fault', async ({ spoil, says }) => {
    await spoil();
    await expect(assertOutput(folder)).rejects.toThrow(says);
  });

  it('take files by path and type', async () => {
    const path = join(folder, 'transformed', 'database', '1.json');
    const other = join(folder, 'chunk');
    await writeFile(other, await readFile(path));
    expect(await assertEntityFiles([{ path: other, type: 'database' }])).toHaveLength(1);
    await expect(assertEntityFiles([{ path: other, type: 'schema' }])).rejects.toThrow('Database');
  });
});

interface Entity {
  typeName: AtlanEntity['typeName'];
  attributes: Record<string, unknown>;
}
