import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../shared/config/load-config.ts';
import { configJsonSchema } from '../../../shared/config/schema/json-schema.ts';

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

interface Node {
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  anyOf?: Node[];
  oneOf?: Node[];
}

/** Every field that the schema knows, with * for names that a person chooses. */
function fieldsOf(node: Node, at: string[] = []): string[] {
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = node;
  return [
    ...Object.entries(properties).flatMap(([name, field]) => [
      [...at, name].join('.'),
      ...fieldsOf(field, [...at, name]),
    ]),
    ...(typeof additionalProperties === 'object' ? fieldsOf(additionalProperties, [...at, '*']) : []),
    ...(items ? fieldsOf(items, at) : []),
    ...[...anyOf, ...oneOf].flatMap((branch) => fieldsOf(branch, at)),
  ];
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Every field that a value has; a chosen name is reported as * too. */
function usedIn(value: unknown, at: string[][] = [[]]): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => usedIn(item, at));
  if (!isGroup(value)) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    const paths = at.flatMap((path) => [
      [...path, name],
      [...path, '*'],
    ]);
    return [...paths.map((path) => path.join('.')), ...usedIn(field, paths)];
  });
}

describe('examples/ferry.yaml', () => {
  it('is valid, and shows every option', async () => {
    const text = await read('examples/ferry.yaml');
    parseConfig(text, 'examples/ferry.yaml');
    const used = new Set(usedIn(parse(text)));
    // The two forms of a secret's place are shown once, at a source.
    const fields = fieldsOf(configJsonSchema() as Node).filter(
      (field) => !field.includes('.token.') && !/^(alerts\.webhook|telemetry\.headers)\./.test(field),
    );
    expect(fields.length).toBeGreaterThan(100);
    expect(fields.filter((field) => !used.has(field))).toEqual([]);
  });
});

describe('ferry.schema.json', () => {
  it('is what npm run schema writes', async () => {
    expect(JSON.parse(await read('ferry.schema.json'))).toEqual(configJsonSchema());
  });
});
