import type { Context } from 'hono';
import type { Api } from '../../api/api.ts';
import type { ApiDependencies, ApiEnvironment } from '../../api/dependencies.ts';
import { NAME_FORM } from '../../config/job-name.ts';
import { AtlanError, wrongField } from '../answers.ts';
import type { AtlanDependencies } from '../atlan-dependencies.ts';
import { readBody } from '../read-body.ts';
import { findConfiguredWorkflow, showConfiguredWorkflow } from './configured-workflows.ts';
import type { WorkflowConfig } from './workflow-config.ts';
import { objectField, readConnection, readFilters, textField } from './workflow-fields.ts';

/** The routes of the definitions of workflows: `GET` and `POST /config/{workflow}`. */
export function addConfigRoutes(
  api: Api,
  { readJobs }: Pick<ApiDependencies, 'readJobs'>,
  { own, applicationName }: Pick<AtlanDependencies, 'own' | 'applicationName'>,
): void {
  api.get('/workflows/v1/config/:workflow', async (context) => {
    assertType(context);
    const id = context.req.param('workflow');
    const configured = findConfiguredWorkflow(await readJobs(), id);
    return answer(
      context,
      'fetched',
      configured
        ? showConfiguredWorkflow(configured, applicationName)
        : showConfig(await findConfig(own, id)),
    );
  });

  api.post('/workflows/v1/config/:workflow', async (context) => {
    assertType(context);
    const id = context.req.param('workflow');
    const body = await readBody(context);
    if (findConfiguredWorkflow(await readJobs(), id))
      throw new AtlanError(409, `"${id}" is an extraction of the configuration: change it in ferry.yaml.`);
    const config = await findConfig(own, id);
    const connection = objectField(body, 'connection');
    const metadata = objectField(body, 'metadata');
    const guid = textField(body, 'credential_guid');
    if (connection) readConnection(connection);
    if (metadata) readFilters(metadata);
    const changed: WorkflowConfig = {
      ...config,
      ...(connection ? { connection } : {}),
      ...(metadata ? { metadata } : {}),
    };
    if (guid !== undefined && guid !== config.credentialGuid) {
      if (!own?.starter.isSource(guid))
        throw wrongField(['credential_guid'], 'expected the name of a source of the configuration');
      Object.assign(changed, { credentialGuid: guid, source: guid });
    }
    await own?.configs.save(changed);
    return answer(context, 'updated', showConfig(changed));
  });
}

const answer = (context: Context<ApiEnvironment>, what: 'fetched' | 'updated', data: object) =>
  context.json({ success: true, message: `Workflow configuration ${what} successfully`, data });

/** @throws AtlanError (404) when nobody has defined this workflow, or its definition has expired */
export async function findConfig(own: AtlanDependencies['own'], id: string): Promise<WorkflowConfig> {
  const config = NAME_FORM.test(id) ? await own?.configs.find(id) : undefined;
  if (config) return config;
  throw new AtlanError(404, `There is no workflow "${id}", or its definition has expired.`);
}

function showConfig({
  connection,
  metadata,
  credentialGuid,
  applicationName,
  workflowId,
  outputPrefix,
}: WorkflowConfig) {
  return {
    connection,
    metadata,
    credential_guid: credentialGuid,
    application_name: applicationName,
    workflow_id: workflowId,
    output_prefix: outputPrefix,
  };
}

/** Version 3 has other kinds of configurations, such as those of credentials. */
function assertType(context: Context<ApiEnvironment>): void {
  const type = context.req.query('type') ?? 'workflows';
  if (type !== 'workflows')
    throw new AtlanError(404, 'Only configurations of the type workflows exist here.');
}
