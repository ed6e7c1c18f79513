import { posix } from 'node:path';
import { type AtlanError, wrongBody, wrongField } from '../../atlan/answers.ts';
import type { WorkflowDemand } from '../../atlan/atlan-dependencies.ts';
import type { CatalogTarget } from '../../atlan/sent-credentials.ts';
import { type FerryConfig, ferryConfigSchema, type SourceConfig } from '../../config/schema/ferry-config.ts';
import { unknownNameMessage } from '../../config/unknown-name.ts';
import { RefusedHostError } from '../../network/host-rule.ts';
import { catalogOf } from '../../source/catalog/catalog-registry.ts';
import type { SecretReader } from '../../source/credentials/secrets.ts';
import { type CallerRules, isAllowedRole, SENT, secretsOf, sourceOf } from './sent-source.ts';

/** A source that a caller names or describes, and the secrets to sign in to it. */
export interface CallerSource {
  name: string;
  source: SourceConfig;
  secrets: SecretReader;
}

/** What the sources of callers are made from. */
export interface CallerSurrounding {
  config: FerryConfig;
  secrets: SecretReader;
  rules: CallerRules;
}

/** Where in a request the fields of a source come from. */
const SOURCE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'auth.username': ['extra', 'username'],
  'auth.roleArn': ['extra', 'aws_role_arn'],
  'auth.externalId': ['extra', 'aws_external_id'],
  'auth.region': ['region'],
};
const EXTRACTION_FIELDS: Readonly<Record<string, readonly string[]>> = {
  include: ['metadata', 'include-filter'],
  exclude: ['metadata', 'exclude-filter'],
  tempTableRegex: ['metadata', 'temp-table-regex'],
  output: ['output_prefix'],
  workflowId: ['workflow_id'],
};

/**
 * The source of a request.
 *
 * @param wanted `catalog`: one whose catalog Ferry can read; `query`: any
 * @throws AtlanError (422) when it does not exist, is not allowed, or has no catalog that Ferry can read
 */
export async function callerSource(
  target: CatalogTarget,
  { config, secrets, rules }: CallerSurrounding,
  wanted: 'catalog' | 'query' = 'catalog',
): Promise<CallerSource> {
  if ('source' in target) {
    const { source: name } = target;
    const source = Object.hasOwn(config.sources, name) ? config.sources[name] : undefined;
    if (!source)
      throw wrongField(['credential_guid'], unknownNameMessage('source', name, Object.keys(config.sources)));
    if (wanted === 'catalog') catalogOf(source);
    return { name, source, secrets };
  }
  const { credentials } = target;
  const { hostRule, roleArns } = rules;
  if (!hostRule)
    throw wrongField(
      ['credentials'],
      'Ferry takes no credentials from callers here: name a source of its configuration as credential_guid. Whoever runs Ferry allows credentials with --allow-hosts',
    );
  const { sources } = parse({ sources: { [SENT]: sourceOf(credentials, rules) } });
  const source = sources[SENT];
  if (!source) throw new Error('A parsed source has been lost.');
  // Only now it is known to be a name or an address, and nothing around it.
  await hostRule.assertAllowed(credentials.host).catch((error: unknown) => {
    throw error instanceof RefusedHostError ? refusedHost(error) : error;
  });
  if (credentials.authType === 'iam_role' && !isAllowedRole(credentials.roleArn, roleArns))
    throw wrongField(
      ['credentials', 'extra', 'aws_role_arn'],
      'Ferry may not assume this role for callers of its API; whoever runs Ferry allows roles with --allow-role-arns',
    );
  return { name: SENT, source, secrets: secretsOf(credentials, rules, secrets.identity) };
}

/** A host that callers may not name; also when that shows only at its address. */
export const refusedHost = ({ message, hint = '' }: RefusedHostError): AtlanError =>
  wrongField(['credentials', 'host'], `${message} ${hint}`.trim());

/**
 * The configuration with the extraction that a caller demands.
 *
 * @throws AtlanError (422) for what no ferry.yaml could contain
 */
export function callerConfig(
  { workflowId, connection, filters, folder }: Omit<WorkflowDemand, 'target'>,
  { name, source }: Pick<CallerSource, 'name' | 'source'>,
  config: FerryConfig,
): FerryConfig {
  const own = config.atlan.output;
  const { prefix = '' } = own ?? {};
  const extraction = {
    ...filters,
    sources: [name],
    workflowId,
    output: { ...own, prefix: posix.join(prefix, folder).replace(/^\.$/, '') },
  };
  const read = { ...source, connection };
  const parsed = parse({ sources: { [name]: read }, extractions: { [workflowId]: extraction } });
  return {
    ...config,
    sources: { ...config.sources, ...parsed.sources },
    extractions: { ...config.extractions, ...parsed.extractions },
  };
}

function parse(input: { sources: object; extractions?: object }): FerryConfig {
  const parsed = ferryConfigSchema.safeParse({ version: 1, ...input });
  if (parsed.success) return parsed.data;
  throw wrongBody(
    parsed.error.issues.map(({ path, code, message }) => ({
      loc: ['body', ...placeOf(path.map(String))],
      msg: code === 'custom' || code === 'invalid_format' ? `expected ${message}` : message,
      type: code,
    })),
  );
}

/** Where a caller finds the field. */
function placeOf([group, , ...path]: readonly string[]): readonly string[] {
  const [field = ''] = path;
  if (group === 'extractions') return [...(EXTRACTION_FIELDS[field] ?? [field]), ...path.slice(1)];
  if (field === 'connection') return path;
  return ['credentials', ...(SOURCE_FIELDS[path.join('.')] ?? path)];
}
