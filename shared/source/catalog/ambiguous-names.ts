import type { NamedRelation } from './catalog.ts';

/**
 * Names that may collide in a qualifiedName (qualified-names.ts), where nothing but Ferry looks for them.
 *
 * @param relations in the order of their raw rows
 */
export function ambiguousAmong(
  schemas: readonly string[],
  relations: readonly NamedRelation[],
): [schema: string, name: string | null][] {
  const all = new Set(schemas);
  return [
    ...schemas.filter((schema) => schema.includes('/')).map((schema): [string, null] => [schema, null]),
    ...relations
      .filter(
        ({ schema, name }) => /[/%(]/.test(schema) || /[/%(]/.test(name) || all.has(`${schema}/${name}`),
      )
      .map(({ schema, name }): [string, string] => [schema, name]),
  ];
}
