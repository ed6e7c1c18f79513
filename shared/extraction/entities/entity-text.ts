import type { EntityContext } from './context.ts';
import { besideRelations } from './relations-beside.ts';

type Relations = Parameters<typeof besideRelations>[0];

/** What columns of one relation share: attributes, and the reference to the relation. */
interface Shared {
  attributes: object;
  relations: Relations;
}

/** The JSON of an object without its braces. */
export const inner = (object: object) => JSON.stringify(object).slice(1, -1);

/** As attributes of an entity. */
export const flat = <Of extends Shared>({
  attributes,
  relations,
}: Of): Of['attributes'] & Of['relations'] => ({
  ...attributes,
  ...relations,
});

/** The same as JSON without braces: of the attributes, and of `relationshipAttributes` where there is such an object. */
export interface SharedText {
  attributes: string;
  relations: string | undefined;
}

export function sharedText(shared: Shared, { relationsBeside = false }: EntityContext): SharedText {
  if (!relationsBeside) return { attributes: inner(flat(shared)), relations: undefined };
  return { attributes: inner(shared.attributes), relations: inner(besideRelations(shared.relations)) };
}

/** How many texts of types are kept. */
const TYPES_KEPT = 1_000;

/**
 * Makes the JSON that columns of one type share, without braces, and keeps it for the next of them.
 *
 * @returns takes what tells the types apart, and a column of the type
 */
export function typeTexts<Row>(
  ofType: (row: Row) => { attributes: object; customAttributes: object },
): (key: string | number, row: Row) => { attributes: string; customAttributes: string } {
  const types = new Map<string | number, { attributes: string; customAttributes: string }>();
  return (key, row) => {
    const known = types.get(key);
    if (known !== undefined) return known;
    if (types.size >= TYPES_KEPT) types.clear();
    const { attributes, customAttributes } = ofType(row);
    const made = { attributes: inner(attributes), customAttributes: inner(customAttributes) };
    types.set(key, made);
    return made;
  };
}

/** The JSON of a column, of its own parts and of what it shares with others; all of it without braces. */
export function columnText(
  own: Shared,
  type: { attributes: string },
  relation: SharedText,
  customAttributes: string,
): string {
  const start = '{"typeName":"Column","status":"ACTIVE","attributes":{';
  const end = `"customAttributes":{${customAttributes}}}`;
  if (relation.relations === undefined)
    return `${start}${inner(flat(own))},${type.attributes},${relation.attributes}},${end}`;
  const further = inner(besideRelations(own.relations));
  const relations = further === '' ? relation.relations : `${relation.relations},${further}`;
  return `${start}${inner(own.attributes)},${type.attributes},${relation.attributes}},"relationshipAttributes":{${relations}},${end}`;
}
