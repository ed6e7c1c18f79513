import { posix } from 'node:path';
import * as z from 'zod';
import { NAME_FORM, NAME_WORDS } from '../../config/job-name.ts';
import { extractionFields, hasUnreadableKey } from '../../config/schema/extraction.ts';
import type { CatalogFilters } from '../../source/catalog/filters.ts';
import { wrongBody, wrongField } from '../answers.ts';
import type { WorkflowDemand } from '../atlan-dependencies.ts';
import { FLAGS } from '../read-flag.ts';
import { findSecretFields } from '../secret-fields.ts';
import { problemsOf } from '../sent-credentials.ts';

/** The parts of a workflow as callers send and store them: `connection`, `metadata`, `output_prefix`, ids. */

type Fields = Record<string, unknown>;

/** The app's default for `output_prefix`, a folder of its own container. */
export const DEFAULT_PREFIX = '/tmp/output';

/** Their keys are patterns of names, and may be called anything. */
const FILTERS = ['include-filter', 'exclude-filter'];
const FILTER_FORM =
  'expected {"^database$": ["^schema$"]}, as an object or as its JSON in a text, with each database pattern once';

const connectionSchema = z.looseObject({
  connection_name: z.string().min(1).max(255),
  connection_qualified_name: z
    .string()
    .max(500)
    .regex(
      /^[^/\s]+\/[^/\s]+\/[^/\s]+$/,
      'three parts separated by slashes, such as default/postgres/1745501106',
    ),
});

const emptyFilter = z.union([z.null(), z.literal('')]).transform(() => ({}));
const filterOf = (field: 'include' | 'exclude') => z.union([emptyFilter, extractionFields[field]]).optional();
/** Forms send them as texts or numbers, which the app takes, too. Its SQL for Postgres uses none. */
const formFlag = z
  .union([z.boolean(), z.literal([0, 1, '']), z.string().toLowerCase().pipe(z.enum(FLAGS))])
  .nullish();
const metadataSchema = z.looseObject({
  'include-filter': filterOf('include'),
  'exclude-filter': filterOf('exclude'),
  'extraction-method': z.string().max(100).nullish(),
  exclude_views: formFlag,
  exclude_empty_tables: formFlag,
  'temp-table-regex': z.union([z.null().transform(() => ''), extractionFields.tempTableRegex]).optional(),
});

/** An object of the body, which is stored as it came: so it must not contain a secret. */
export function objectField(body: Fields, name: 'connection' | 'metadata'): Fields | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value))
    throw wrongField([name], 'expected an object', 'dict_type');
  const secrets = findSecretFields(value, { path: [name], skip: name === 'metadata' ? FILTERS : [] });
  if (secrets.length > 0) throw wrongBody(secrets);
  return value as Fields;
}

/** @throws AtlanError (422) */
export function readConnection(connection: Fields | undefined): WorkflowDemand['connection'] {
  if (!connection) throw wrongField(['connection'], 'Field required', 'missing');
  const parsed = connectionSchema.safeParse(connection);
  if (!parsed.success) throw problemsOf(parsed.error, ['connection']);
  const { connection_name: name, connection_qualified_name: qualifiedName } = parsed.data;
  return { name, qualifiedName };
}

/** @throws AtlanError (422) for a filter of another form; whether its expressions are valid, the source says */
export function readFilters(metadata: Fields | undefined): CatalogFilters {
  const unreadable = FILTERS.find((field) => hasUnreadableKey(metadata?.[field]));
  if (unreadable !== undefined)
    throw wrongField(['metadata', unreadable], 'expected patterns that are not called __proto__');
  const parsed = metadataSchema.safeParse(metadata ?? {});
  if (!parsed.success) {
    const wrong = FILTERS.find((field) => parsed.error.issues.some(({ path }) => path[0] === field));
    // What is wrong inside may hold the caller's own words.
    if (wrong !== undefined) throw wrongField(['metadata', wrong], FILTER_FORM);
    throw problemsOf(parsed.error, ['metadata']);
  }
  return {
    include: parsed.data['include-filter'] ?? {},
    exclude: parsed.data['exclude-filter'] ?? {},
    tempTableRegex: parsed.data['temp-table-regex'] ?? '',
  };
}

/**
 * The folder below the configured output that `output_prefix` stands for.
 *
 * @returns empty for the output itself
 * @throws AtlanError (422) for one that would lead out of it
 */
export function readFolder(prefix: string): string {
  if (prefix === DEFAULT_PREFIX) return '';
  const folder = prefix.replace(/^\/+|\/+$/g, '');
  const isInside = posix.normalize(folder) === folder || folder === '';
  if (!isInside || folder.split('/').includes('..') || !/^[\p{L}\p{N}!_.*'()=/-]{0,256}$/u.test(folder))
    throw wrongField(
      ['output_prefix'],
      'expected a folder such as atlan/postgres, which is below the configured output',
    );
  return folder === '.' ? '' : folder;
}

/** @throws AtlanError (422) */
export function readWorkflowId(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && NAME_FORM.test(value)) return value;
  throw wrongField([field], `expected ${NAME_WORDS}`);
}

/** @throws AtlanError (422) */
export function textField(body: Fields, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && value.length <= 1_000) return value;
  throw wrongField([name], 'expected a text of at most 1000 characters', 'string_type');
}
