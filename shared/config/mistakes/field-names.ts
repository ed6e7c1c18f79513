import * as z from 'zod';
import { ferryConfigSchema } from '../schema/ferry-config.ts';

/** The names of fields, as the schema has them. */

interface JsonSchema {
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
}

let ofConfig: { schema: JsonSchema; names: Set<string> } | undefined;

function schemaOfConfig() {
  if (ofConfig === undefined) {
    const schema = jsonSchemaOf(ferryConfigSchema);
    const names = new Set<string>();
    const collect = (node: JsonSchema | undefined): void => {
      if (node === undefined || typeof node !== 'object') return;
      for (const [name, inner] of Object.entries(node.properties ?? {})) {
        names.add(name);
        collect(inner);
      }
      if (typeof node.additionalProperties === 'object') collect(node.additionalProperties);
      for (const inner of [node.items, ...(node.oneOf ?? []), ...(node.anyOf ?? [])]) collect(inner);
    };
    collect(schema);
    ofConfig = { schema, names };
  }
  return ofConfig;
}

const known = new WeakMap<z.ZodType, JsonSchema>();

/** The JSON Schema of one of zod's, for {@link fieldNamesIn}. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const made =
    known.get(schema) ?? (z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
  known.set(schema, made);
  return made;
}

/** The names of all fields of ferry.yaml, wherever they belong. */
export const configFieldNames = (): ReadonlySet<string> => schemaOfConfig().names;

/** The names of the fields that ferry.yaml may have at a path; [] where any name is allowed. */
export const configFieldNamesAt = (path: readonly PropertyKey[], input: unknown): string[] =>
  fieldNamesIn(schemaOfConfig().schema, path, input);

/** The field names that a schema allows at a path; [] where any name is allowed. */
export function fieldNamesIn(schema: JsonSchema, path: readonly PropertyKey[], input: unknown): string[] {
  let candidates = [schema];
  let value = input;
  const alternatives = (node: JsonSchema): JsonSchema[] => {
    const nested = [...(node.oneOf ?? []), ...(node.anyOf ?? [])];
    // Of kinds that a field distinguishes, only the one that is there.
    const { type } = (value ?? {}) as { type?: unknown };
    const chosen = nested.filter(({ properties }) => type !== undefined && properties?.type?.const === type);
    return nested.length > 0 ? (chosen.length > 0 ? chosen : nested).flatMap(alternatives) : [node];
  };
  for (const part of path) {
    const inner = value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>) : {};
    candidates = candidates.flatMap(alternatives).flatMap((node) => {
      const next = node.properties?.[String(part)] ?? node.additionalProperties;
      return typeof next === 'object' ? [next] : [];
    });
    value = inner[part];
  }
  return [...new Set(candidates.flatMap(alternatives).flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** Entries of each kind that has a name, with an example of how to say where it is. */
const KINDS: readonly (readonly [path: readonly string[], where: string])[] = [
  [['syncs', '*'], 'a sync, below syncs'],
  [['sources', '*'], 'a source, below sources'],
  [['polyteia', '*'], 'a target, below polyteia'],
  [['extractions', '*'], 'an extraction, below extractions'],
];

/** Groups that the entry may have, and that a field may have been left out of. */
const FIELD_GROUPS = [
  'schedule',
  'guards',
  'auth',
  'tls',
  'function',
  'network',
  'archive',
  'ingest',
  'alerts',
  'odbc',
];

/**
 * Where a field belongs that stands where no field has its name.
 *
 * @param at the path of the group that it is in
 * @returns such as `schedule`, or nothing if no group has such a field
 */
export function placeOfField(name: string, at: readonly string[], input: unknown): string | undefined {
  const has = (path: readonly string[]) => configFieldNamesAt(path, input).includes(name);
  const within = configFieldNamesAt(at, input);
  const inner = FIELD_GROUPS.find((group) => within.includes(group) && has([...at, group]));
  if (inner !== undefined) return inner;
  const outer = at.slice(0, -1);
  if (at.length > 2 && has(outer)) return `${quotedEntry(outer)}, not to ${at.at(-1)}`;
  if (at.length > 0 && has([])) return 'the file itself, at the beginning of a line';
  for (const [path, where] of KINDS) {
    if (path[0] === at[0]) continue;
    if (has(path)) return `${where}${at.length === 0 && has(['defaults']) ? ', or to defaults' : ''}`;
    const group = configFieldNamesAt(path, input).find(
      (one) => FIELD_GROUPS.includes(one) && has([...path, one]),
    );
    if (group !== undefined) return `${group} of ${where}`;
  }
  return undefined;
}

const quotedEntry = (path: readonly string[]) => `"${path.at(-1)}" itself`;
