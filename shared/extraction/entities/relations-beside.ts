/** A reference to another entity, as an attribute holds it. */
interface Relation {
  typeName: string;
  uniqueAttributes: { qualifiedName: string };
}

const isRelation = (value: unknown): value is Relation =>
  typeof value === 'object' && value !== null && 'uniqueAttributes' in value;

/** Relations as version 3 of Atlan's SDK writes them: without an object for attributes that nobody fills. */
export const besideRelations = (relations: Readonly<Record<string, Relation | undefined>>) =>
  Object.fromEntries(
    Object.entries(relations).flatMap(([name, relation]) =>
      relation === undefined
        ? []
        : [[name, { typeName: relation.typeName, uniqueAttributes: relation.uniqueAttributes }]],
    ),
  );

/**
 * An entity in the form of version 3 of Atlan's SDK: its relations are in `relationshipAttributes`, beside the
 * attributes. An entity without relations has no such object.
 */
export function placeRelationsBeside<Entity extends { attributes: object }>(entity: Entity): object {
  const entries = Object.entries(entity.attributes);
  const relations = entries.filter((entry): entry is [string, Relation] => isRelation(entry[1]));
  if (relations.length === 0) return entity;
  const { attributes: _, ...rest } = entity;
  return {
    ...rest,
    attributes: Object.fromEntries(entries.filter(([, value]) => !isRelation(value))),
    relationshipAttributes: besideRelations(Object.fromEntries(relations)),
  };
}
