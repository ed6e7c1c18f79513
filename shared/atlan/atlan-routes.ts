import { createRoute, z } from '@hono/zod-openapi';
import { isPathOf } from '../api/routes.ts';
import { FLAGS } from './read-flag.ts';

/** Every route of Atlan's API, for the OpenAPI document. What they accept is read in the handlers themselves. */

const fieldSchema = z.strictObject({
  loc: z.array(z.union([z.string(), z.int()])),
  msg: z.string(),
  type: z.string(),
});
const errorSchema = z
  .strictObject({
    success: z.literal(false),
    error: z.string(),
    details: z.string().describe('What is wrong, and what to do about it.'),
    message: z.string().describe('The same as `details`.'),
    detail: z
      .array(fieldSchema)
      .optional()
      .describe('Which fields of a body are wrong. Never repeats a value.'),
    data: z
      .looseObject({})
      .optional()
      .describe('Of a refused login, `status`; of a run that is in the way, `run_id`.'),
  })
  .openapi('WorkflowError');

const text = z.string();
const filter = z
  .union([z.string(), z.record(z.string(), z.union([z.literal('*'), z.array(z.string())]))])
  .describe('{"^database$": ["^schema$"]}, as an object or as its JSON.');
const metadata = z
  .looseObject({
    'include-filter': filter.optional(),
    'exclude-filter': filter.optional(),
    'temp-table-regex': z.string().optional(),
  })
  .openapi('WorkflowMetadata');
const connection = z
  .looseObject({
    connection_name: z.string().min(1).max(255),
    connection_qualified_name: z
      .string()
      .describe('tenant/connector/id, such as default/postgres/1745501106.'),
  })
  .openapi('WorkflowConnection');
const credentialFields = {
  credential_guid: z.string().optional().describe('A source of the configuration, instead of all others.'),
  connectorName: z
    .enum(['postgres', 'mysql'])
    .optional()
    .describe('Default: postgres. MySQL is not in Atlan’s app.'),
  host: z.string().optional(),
  port: z.union([z.int(), z.string()]).optional(),
  username: z.string().optional().describe('For iam_user, the access key id.'),
  password: z.string().optional().describe('For iam_user, the secret access key.'),
  database: z.string().optional(),
  authType: z.enum(['basic', 'iam_user', 'iam_role']).optional(),
  region: z.string().optional(),
  extra: z
    .union([z.string(), z.looseObject({})])
    .optional()
    .describe(
      'database; username for iam_user; aws_role_arn, aws_external_id for iam_role. As an object or its JSON.',
    ),
};
const credentials = z
  .union([
    z.looseObject(credentialFields),
    z.array(z.strictObject({ key: z.string(), value: z.unknown().optional() })),
  ])
  .openapi('Credentials');

const check = z
  .strictObject({ success: z.boolean(), successMessage: text, failureMessage: text })
  .openapi('PreflightCheck');

const configData = z
  .strictObject({
    connection: z.looseObject({}),
    metadata: z.looseObject({}),
    credential_guid: text,
    application_name: text,
    workflow_id: text,
    output_prefix: text,
  })
  .openapi('WorkflowConfig');

const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const body = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});
const error = (description: string) => json(errorSchema, description);
const envelope = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject({ success: z.boolean(), ...shape });

const always = {
  401: error('The login was refused; or, behind ferry serve, the API token is missing or wrong.'),
  403: error(
    'The database does not let the login in, whose name and password may be right; or, behind ferry serve without a token, the caller is no program of that machine.',
  ),
  500: error('A defect; see the log for details.'),
  503: error('The state cannot be reached, or too much is under way; try again.'),
};
const withBody = {
  413: error('The body is too large.'),
  415: error('The body is compressed.'),
  422: error('The body is wrong; `detail` says where.'),
};
const asks = {
  ...withBody,
  502: error('The database cannot be reached, or its catalog cannot be read.'),
  504: error('The database takes too long.'),
  ...always,
};
const unknown = { 404: error('There is no such workflow, or run.') };
const tags = ['Atlan'];
const workflowParam = z.object({ workflow: z.string() });
const runParams = z.object({ workflow: z.string(), run: z.string() });
const health = json(z.strictObject({ status: z.literal('healthy') }), 'The API is alive.');
const ready = {
  200: json(z.strictObject({ status: z.literal('ok') }), 'The state is readable.'),
  500: always[500],
  503: always[503],
};
const open = { tags, security: [] };

const serverHealth = createRoute({
  ...open,
  method: 'get',
  path: '/server/health',
  summary: 'Is the API alive?',
  responses: { 200: health },
});
const serverReady = createRoute({
  ...open,
  method: 'get',
  path: '/server/ready',
  summary: 'Can the API read the state?',
  responses: ready,
});
const auth = createRoute({
  tags,
  method: 'post',
  path: '/workflows/v1/auth',
  summary: 'Sign in to a source',
  request: body(z.looseObject({ ...credentialFields, credentials: credentials.optional() })),
  responses: { 200: json(envelope({ message: text }), 'The login was accepted.'), ...asks },
});
const metadataRoute = createRoute({
  tags,
  method: 'post',
  path: '/workflows/v1/metadata',
  summary: 'List databases or schemas of a source',
  request: body(
    z.looseObject({
      ...credentialFields,
      credentials: credentials.optional(),
      type: z.enum(['all', 'database', 'schema']),
    }),
  ),
  responses: {
    200: json(
      envelope({ data: z.array(z.strictObject({ TABLE_CATALOG: text, TABLE_SCHEMA: text.optional() })) }),
      'What the login sees.',
    ),
    ...asks,
  },
});
const checkRoute = createRoute({
  tags,
  method: 'post',
  path: '/workflows/v1/check',
  summary: 'The checks that a run begins with',
  request: body(z.looseObject({ credentials, metadata })),
  responses: {
    200: json(
      envelope({
        data: z.strictObject({
          databaseSchemaCheck: check,
          tablesCheck: check,
          versionCheck: check,
          error: text.optional(),
        }),
      }),
      'The results; `success` is false when one failed.',
    ),
    ...asks,
  },
});
const start = createRoute({
  tags,
  method: 'post',
  path: '/workflows/v1/start',
  summary: 'Start a workflow',
  request: body(
    z.looseObject({
      workflow_id: text
        .optional()
        .describe('One that was started before, or an extraction of the configuration.'),
      argo_workflow_name: text.optional().describe('The id of a new workflow. Default: a UUID.'),
      credentials: credentials.optional(),
      credential_guid: text.optional(),
      connection: connection.optional(),
      metadata: metadata.optional(),
      output_prefix: text.optional().describe('Folder below the configured output.'),
    }),
  ),
  responses: {
    200: json(
      envelope({ message: text, data: z.strictObject({ workflow_id: text, run_id: z.uuid() }) }),
      'The run was started.',
    ),
    409: error('A run of this workflow is under way (`run_id`).'),
    ...unknown,
    ...withBody,
    ...always,
  },
});
const status = createRoute({
  tags,
  method: 'get',
  path: '/workflows/v1/status/{workflow}/{run}',
  summary: 'The status of a run',
  request: { params: runParams },
  responses: {
    200: json(
      envelope({
        message: text,
        data: z.strictObject({
          workflow_id: text,
          run_id: z.uuid(),
          status: z.enum(['RUNNING', 'COMPLETED', 'FAILED', 'TIMED_OUT', 'TERMINATED', 'CANCELED']),
          execution_duration_seconds: z.int().nonnegative(),
          last_executed_run_id: z.uuid(),
        }),
      }),
      'The status.',
    ),
    ...unknown,
    ...always,
  },
});
const stop = createRoute({
  tags,
  method: 'post',
  path: '/workflows/v1/stop/{workflow}/{run}',
  summary: 'Ask a run to stop',
  request: { params: runParams },
  responses: {
    200: json(envelope({}), 'The run stops within ten seconds.'),
    409: error('The run has ended.'),
    ...unknown,
    ...always,
  },
});
const result = createRoute({
  tags,
  method: 'get',
  path: '/workflows/v1/result/{workflow}',
  summary: 'The result of the newest run of a workflow',
  request: {
    params: workflowParam,
    query: z.object({
      wait: z.enum(FLAGS).optional().describe('Wait for the end, for a while.'),
    }),
  },
  responses: {
    200: json(
      envelope({
        message: text,
        data: z.strictObject({
          status: z.enum(['running', 'completed', 'failed']),
          workflow_id: text,
          message: text.optional(),
          error: text.optional(),
          result: z
            .strictObject({
              workflow_id: text,
              run_id: z.uuid(),
              entities: z.int(),
              bytes: z.int(),
              manifest: text.optional(),
              warnings: z.array(text),
            })
            .optional(),
        }),
      }),
      'How it ended, or that it runs.',
    ),
    422: error('`wait` is wrong.'),
    ...unknown,
    ...always,
  },
});

const getConfig = createRoute({
  tags,
  method: 'get',
  path: '/workflows/v1/config/{workflow}',
  summary: 'The definition of a workflow; credentials are not part of it',
  request: { params: workflowParam },
  responses: {
    200: json(envelope({ message: text, data: configData }), 'The definition.'),
    ...unknown,
    ...always,
  },
});
const postConfig = createRoute({
  tags,
  method: 'post',
  path: '/workflows/v1/config/{workflow}',
  summary: 'Change the definition of a workflow',
  request: {
    params: workflowParam,
    ...body(
      z.looseObject({
        connection: connection.optional(),
        metadata: metadata.optional(),
        credential_guid: text.optional(),
      }),
    ),
  },
  responses: {
    200: json(envelope({ message: text, data: configData }), 'The definition as it is now.'),
    409: error('It is an extraction of the configuration.'),
    ...unknown,
    ...withBody,
    ...always,
  },
});

/** All routes. The allowed methods of each path come from here. */
export const atlanRoutes = [
  serverHealth,
  serverReady,
  auth,
  metadataRoute,
  checkRoute,
  start,
  status,
  stop,
  result,
  getConfig,
  postConfig,
] as const;

/** Those that ask the server of a source, and the one that starts a workflow. */
export const SOURCE_ROUTES = [auth, metadataRoute, checkRoute, start] as const;

const aliases: Readonly<Record<string, string>> = { '/health': '/server/health', '/ready': '/server/ready' };

/** The methods that a path accepts, in capitals; empty for a path that does not exist. */
export function methodsOfAtlan(path: string): string[] {
  const named = aliases[path] ?? path;
  return atlanRoutes
    .filter((route) => isPathOf(route.path, named))
    .flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : ['POST']));
}

/** The route that a path belongs to, with its parameters as names; undefined for a path that does not exist. */
export const atlanRouteOf = (path: string): string | undefined =>
  Object.hasOwn(aliases, path) ? path : atlanRoutes.find((route) => isPathOf(route.path, path))?.path;
