import * as z from 'zod';
import { LONGEST_DATABASE_NAME } from './database-name.ts';
import { bucketName, functionSettings, kmsKeyArn } from './deployment.ts';

/** The part of ferry.yaml about extractions, without their schedule. */

const NUL = /\0/;

const pattern = z
  .string()
  .min(1, 'a non-empty text')
  .max(1_000)
  .refine((value) => !NUL.test(value), 'a pattern without a NUL character, which no name contains')
  // These switch to another language for the rest of the pattern, in which it could not be matched as a whole.
  .refine(
    (value) => !/^(\*\*\*:)?\(\?[a-z]*[beq][a-z]*\)/.test(value),
    'a regular expression that does not begin with the options b, e or q; write literal text as ***=text',
  );

const schemaPatterns = z
  .union([z.literal('*'), z.array(pattern)])
  .describe('Regular expressions for schemas; "*" or [] for all schemas of the database.');

const filterObject = z.record(pattern, schemaPatterns);

// zod leaves it out without a word: a filter with nothing else would then select everything.
const UNREADABLE_KEY = '__proto__';

/** Whether a filter has a key that would get lost. */
export const hasUnreadableKey = (filter: unknown) =>
  typeof filter === 'object' && filter !== null && Object.hasOwn(filter, UNREADABLE_KEY);

/** Whether an object has a key twice, of which JSON.parse keeps the last without a word. @param json valid */
export function hasKeyTwice(json: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, text = '', colon] of json.matchAll(/[{}]|("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    if (!colon) continue;
    const [keys, key] = [open.at(-1), String(JSON.parse(text))];
    if (keys?.has(key)) return true;
    keys?.add(key);
  }
  return false;
}

/** Atlan's own form of a filter is a string with the JSON of the object: people can paste what they have there. */
const filterJson = z.string().transform((text, context): z.infer<typeof filterObject> => {
  const refuse = (why: string) => {
    // One problem for the whole text: it has no lines in ferry.yaml to point to.
    context.addIssue({ code: 'custom', message: `a filter as JSON: ${why}` });
    return z.NEVER;
  };
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('this text is not valid JSON');
  }
  if (hasKeyTwice(text)) return refuse('a field appears twice: put the patterns of both in one list');
  if (hasUnreadableKey(value)) return refuse(`no pattern can be called ${UNREADABLE_KEY}`);
  const { data, error } = filterObject.safeParse(value);
  if (data) return data;
  const custom = error.issues.find(({ code }) => code === 'custom');
  if (custom) return refuse(custom.message);
  return refuse('schema patterns by database pattern, such as {"^erp$": ["^public$"], "^hr$": "*"}');
});

const filter = z
  .union([filterObject, filterJson])
  .describe(
    'Schemas by database: { "^erp$": ["^public$", "^sales_.*"] }. Each name is a Postgres regular expression that must match the whole name; "*" or [] stands for all schemas of the databases. JSON in a string also works.',
  );

const output = z
  .strictObject({
    bucket: bucketName
      .optional()
      .describe("Existing bucket, of this account or another. Default: Ferry's own, under artifacts/."),
    prefix: z
      .string()
      .regex(
        /^(?!\/)(?!.*\/\/)(?!(.*\/)?\.{1,2}(\/|$))[\p{L}\p{N}!_.*'()=/-]{0,512}$/u,
        'a key prefix such as atlan/postgres, without a leading slash, and without . or .. between slashes',
      )
      .transform((value) => value.replace(/\/$/, ''))
      .default('')
      .describe('Prefix of all keys. Default: none.'),
    layout: z
      .enum(['app', 'sdk', 'sdk3'])
      .default('app')
      .describe(
        "app: {workflowId}/{run}/transformed/…, as Atlan's Postgres app writes them. sdk: artifacts/apps/{application}/workflows/{workflowId}/{run}/…, as version 2 of Atlan's application SDK does. sdk3: the same folder, with one file a type and form, as version 3 does.",
      ),
    application: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'a name of letters, digits, - _ and .')
      .optional()
      .describe(
        'Name of the application in the keys of `layout: sdk` and `sdk3`. Default: the kind of the sources, such as mysql; postgres for several kinds.',
      ),
    bucketOwner: z
      .string()
      .regex(/^\d{12}$/, 'the id of an AWS account: twelve digits')
      .optional()
      .describe(
        "Account that must own the bucket: Ferry writes nothing to another account's bucket with that name.",
      ),
    kmsKeyArn: kmsKeyArn
      .optional()
      .describe("Key that encrypts the files. Default: the bucket's own settings apply."),
  })
  .refine(({ bucket, bucketOwner, kmsKeyArn: key }) => bucket !== undefined || (!bucketOwner && !key), {
    path: ['bucket'],
    error: "needed with bucketOwner and kmsKeyArn: Ferry's own bucket has its own settings",
  })
  .describe('Where the files go.');
export type ExtractionOutput = z.infer<typeof output>;

/** The fields of an extraction, without its schedule. */
export const extractionFields = {
  sources: z
    .array(z.string().regex(/^[A-Za-z0-9_*-]{1,63}$/, 'the name of a source, or a pattern such as "hr-*"'))
    .min(1)
    .describe('Sources to read: names, and patterns in which * matches anything.'),
  databases: z
    .union([z.literal('all'), z.array(z.string().min(1).max(LONGEST_DATABASE_NAME)).min(1)])
    .optional()
    .describe(
      "Databases of each source: `all` that its login may connect to, or a list of names. Default: the source's own.",
    ),
  include: filter.default({}).describe(`${filter.description} Default: everything.`),
  exclude: filter.default({}).describe('Schemas to leave out, in the same form as `include`. Default: none.'),
  tempTableRegex: z
    .string()
    .max(1_000)
    .refine((value) => !NUL.test(value), 'a pattern without a NUL character, which no name contains')
    .default('')
    .describe('Postgres regular expression: leaves out tables and views whose name it matches anywhere.'),
  tablePartitions: z
    .boolean()
    .default(false)
    .describe(
      'Whether each partition of a MySQL or MariaDB table becomes an entity, as in Postgres, where it always does. Default: partitions are only counted.',
    ),
  details: z
    .boolean()
    .default(false)
    .describe(
      "Whether entities also have what Atlan's model knows and its apps leave empty, such as defaultValue, isIndexed, sqlArguments and foreign keys. Default: only what the apps write.",
    ),
  workflowId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'an id of letters, digits, - _ and .')
    .optional()
    .describe("Atlan's id of the workflow, in keys and entities. Default: the name of the extraction."),
  output: output.prefault({}),
  function: functionSettings
    .optional()
    .describe('The Lambda function of this extraction; each extraction has its own.'),
};

/** How Atlan knows a source. */
export const atlanConnection = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe("The connection's name. Default: the source's name."),
    qualifiedName: z
      .string()
      .regex(
        /^[^/\s]+\/[^/\s]+\/[^/\s]+$/,
        'three parts separated by slashes, such as default/postgres/1745501106',
      )
      .optional()
      .describe(
        "The connection's qualifiedName: tenant/connector/id. Default: derived from the source's host and port, the same at each run.",
      ),
  })
  .describe('The connection in Atlan that the assets of this source belong to; for extractions.');

/** The mirror of a catalog. */
export const clonedInformationSchema = z
  .string()
  .min(1)
  .max(64)
  .describe(
    'For extractions of MySQL and MariaDB: a schema that mirrors information_schema, for a login that does not see enough there itself. It is left out of the result. Default: information_schema.',
  );

/** Settings for everything that goes to Atlan. */
export const atlan = z
  .strictObject({
    tenant: z
      .string()
      .regex(/^[^/\s]{1,128}$/, 'a name without slashes and white space')
      .default('default')
      .describe("Atlan's tenant, in entities and in connection names."),
    minimumVersion: z
      .string()
      .regex(/^\d{1,4}(\.\d{1,4}){0,3}$/, 'a version such as 12.0')
      .optional()
      .describe('Oldest version of a server that extractions read. Default: the oldest that Ferry can read.'),
    output: output
      .optional()
      .describe("Where extractions go that callers of Atlan's REST API start. Default: Ferry's own bucket."),
  })
  .describe('Settings for all extractions.');
