import { z } from 'zod';
import { ferryConfigSchema } from './ferry-config.ts';

/**
 * JSON Schema of ferry.yaml, for editors. Fields that `defaults.source` may supply are not required here, because an
 * editor cannot merge the defaults; `ferry validate` can.
 */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(ferryConfigSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema, path }) => {
      const inheritable = [
        'sources,additionalProperties',
        'syncs,additionalProperties,properties,schedule',
        'extractions,additionalProperties,properties,schedule',
      ];
      if (inheritable.includes(path.slice(path[0] === 'properties' ? 1 : 0).join(',')))
        delete jsonSchema.required;
    },
  });
  return { ...schema, title: 'ferry.yaml' };
}
