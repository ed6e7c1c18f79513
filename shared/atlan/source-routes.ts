import type { Context } from 'hono';
import type { Api } from '../api/api.ts';
import type { ApiEnvironment } from '../api/dependencies.ts';
import { PatternError } from '../errors.ts';
import { wrongField } from './answers.ts';
import type { AtlanDependencies } from './atlan-dependencies.ts';
import { readBody } from './read-body.ts';
import { type CatalogTarget, hasCredentials, readCredentials } from './sent-credentials.ts';
import { objectField, readFilters, textField } from './workflows/workflow-fields.ts';

const METADATA_TYPES = ['all', 'database', 'schema'];

/** The routes that ask the server of a source: `/auth`, `/metadata`, `/check`. */
export function addSourceRoutes(
  api: Api,
  { catalogs, own }: Pick<AtlanDependencies, 'catalogs' | 'own'>,
): void {
  const isSource = (name: string) => own?.starter.isSource(name) === true;
  api.post('/workflows/v1/auth', async (context) => {
    await catalogs.signIn(targetOf(await readBody(context), { isSource }), context.req.raw.signal);
    return context.json({ success: true, message: 'Authentication successful' });
  });

  api.post('/workflows/v1/metadata', async (context) => {
    const body = await readBody(context);
    const type = textField(body, 'type');
    if (type === undefined) throw wrongField(['type'], 'Field required', 'missing');
    if (!METADATA_TYPES.includes(type))
      throw wrongField(['type'], `expected one of ${METADATA_TYPES.join(', ')}`);
    const target = targetOf(body, { isSource });
    // Of `all`, the app's callers send any text as the database.
    const database = type === 'schema' ? textField(body, 'database') : undefined;
    const wanted = type === 'database' ? 'databases' : 'schemas';
    const entries = await catalogs.list(target, wanted, database, context.req.raw.signal);
    return context.json({
      success: true,
      data: entries.map(({ database: name, schema }) => ({
        TABLE_CATALOG: name,
        ...(schema === undefined ? {} : { TABLE_SCHEMA: schema }),
      })),
    });
  });

  api.post('/workflows/v1/check', (context) => check(context, catalogs, isSource));
}

async function check(
  context: Context<ApiEnvironment>,
  catalogs: AtlanDependencies['catalogs'],
  isSource: (name: string) => boolean,
): Promise<Response> {
  const body = await readBody(context);
  const metadata = objectField(body, 'metadata');
  if (!metadata) throw wrongField(['metadata'], 'Field required', 'missing');
  const target = targetOf(body, { isSource, nested: true });
  const checks = await catalogs
    .check(target, readFilters(metadata), context.req.raw.signal)
    .catch((error: unknown) => {
      throw error instanceof PatternError ? wrongPattern(error) : error;
    });
  const failed = Object.values(checks).filter(({ success }) => !success);
  if (failed.length === 0) return context.json({ success: true, data: checks });
  const error = `Preflight check failed: ${failed.map(({ failureMessage }) => failureMessage).join('; ')}`;
  return context.json({ success: false, data: { ...checks, error } });
}

/**
 * The credentials of a body: under `credentials`, or at its top.
 *
 * @param options.isSource of a source that is named beside credentials: it is meant, and they go nowhere
 * @param options.nested whether they must be under `credentials`
 */
function targetOf(
  body: Record<string, unknown>,
  { isSource, nested = false }: { isSource: (name: string) => boolean; nested?: boolean },
): CatalogTarget {
  const { credential_guid: source } = body;
  if (typeof source === 'string' && isSource(source)) return { source };
  if (body.credentials !== undefined && body.credentials !== null)
    return readCredentials(body.credentials, ['credentials']);
  if (nested && typeof source === 'string' && source !== '') return { source };
  if (nested || !hasCredentials(body)) throw wrongField(['credentials'], 'Field required', 'missing');
  return readCredentials(body, []);
}

const FILTERS = {
  include: 'include-filter',
  exclude: 'exclude-filter',
  tempTableRegex: 'temp-table-regex',
} as const;

/** A pattern that the source could not read, by the field in which the caller sent it. */
const wrongPattern = ({ field, language, hint = '' }: PatternError) =>
  wrongField(['metadata', FILTERS[field]], `a pattern in it is not a valid ${language}. ${hint}`.trim());
