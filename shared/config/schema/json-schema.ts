import * as z from 'zod';
import { PLAIN_ZONES } from '../schedule/time-zone.ts';
import { ferryConfigSchema } from './ferry-config.ts';

type Schema = Record<string, unknown>;

/**
 * The form of a cron expression, as far as a pattern can tell: five or six fields, or another way to say when, with or
 * without a zone in front.
 */
const CRON_FORM =
  '^\\s*((CRON_)?TZ=\\S+\\s+)?(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every\\s+\\S+|(rate|cron)\\(.+\\)|([^\\s“”„]+\\s+){4,5}[^\\s“”„]+)\\s*$';

// A region and a place, or one of the names without a region.
const ZONE_FORM = `^([A-Za-z]+/.+|${[...PLAIN_ZONES].join('|').replaceAll('+', '\\+')})$`;

/** What the schema says about groups of fields at these places, besides what zod writes. */
const additions: Readonly<Record<string, Schema>> = {
  // Exactly one of the two.
  'syncs,additionalProperties': { oneOf: [{ required: ['query'] }, { required: ['duckdbQuery'] }] },
  'syncs,additionalProperties,properties,archive': {
    anyOf: [{ required: ['keep'] }, { required: ['days'] }],
  },
  'syncs,additionalProperties,properties,schedule,properties,cron': { pattern: CRON_FORM },
  'syncs,additionalProperties,properties,schedule,properties,timezone': { pattern: ZONE_FORM },
  'extractions,additionalProperties,properties,schedule,properties,cron': { pattern: CRON_FORM },
  'extractions,additionalProperties,properties,schedule,properties,timezone': { pattern: ZONE_FORM },
  // The token itself.
  'polyteia,additionalProperties,properties,token': { not: { type: 'string', pattern: '^pak_' } },
};

/** Groups that `defaults` may supply fields to. */
const inheritable = [
  'sources,additionalProperties',
  'syncs,additionalProperties,properties,schedule',
  'extractions,additionalProperties,properties,schedule',
];

/** A field that must be there unless `defaults` has it. */
function requiredUnlessDefault(group: 'source' | 'schedule', field: string, places: Schema): Schema {
  const has = { required: [group], properties: { [group]: { required: [field] } } };
  return {
    if: { not: { required: ['defaults'], properties: { defaults: has } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: places },
  };
}

const everyEntry = (schema: Schema) => ({ additionalProperties: schema });

/**
 * JSON Schema of ferry.yaml, for editors. It refuses what `ferry validate` refuses, as far as a schema can: it cannot
 * follow names, nor merge the values of `defaults`.
 */
export function configJsonSchema(): Schema {
  const schema = z.toJSONSchema(ferryConfigSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema, path }) => {
      const place = path.slice(path[0] === 'properties' ? 1 : 0).join(',');
      if (inheritable.includes(place)) delete jsonSchema.required;
      Object.assign(jsonSchema, additions[place]);
    },
  });
  const scheduled = everyEntry({ properties: { schedule: { required: ['cron'] } } });
  return {
    ...schema,
    allOf: [
      requiredUnlessDefault('source', 'type', { sources: everyEntry({ required: ['type'] }) }),
      requiredUnlessDefault('source', 'auth', { sources: everyEntry({ required: ['auth'] }) }),
      requiredUnlessDefault('schedule', 'cron', { syncs: scheduled, extractions: scheduled }),
    ],
    title: 'ferry.yaml',
  };
}
