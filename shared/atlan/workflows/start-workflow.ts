import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ApiDependencies } from '../../api/dependencies.ts';
import type { JobIndex } from '../../api/jobs/job-index.ts';
import { startRun } from '../../api/runs/start-run.ts';
import { AtlanError, wrongField } from '../answers.ts';
import type { AtlanDependencies } from '../atlan-dependencies.ts';
import { type CatalogTarget, readCredentials } from '../sent-credentials.ts';
import { type ConfiguredWorkflow, findConfiguredWorkflow } from './configured-workflows.ts';
import type { WorkflowConfig } from './workflow-config.ts';
import {
  DEFAULT_PREFIX,
  objectField,
  readConnection,
  readFilters,
  readFolder,
  readWorkflowId,
  textField,
} from './workflow-fields.ts';

type Body = Record<string, unknown>;

/** What a caller has started. */
export interface StartedWorkflow {
  workflow_id: string;
  run_id: string;
}

/**
 * Starts a workflow: an extraction of the configuration, if its id is that of one; else the one that the caller
 * describes, or has described before.
 *
 * @throws AtlanError (404, 409, 422); ProblemError (409) that names the run which is under way
 */
export async function startWorkflow(
  dependencies: ApiDependencies,
  atlan: AtlanDependencies,
  body: Body,
  caller: string,
): Promise<StartedWorkflow> {
  if (textField(body, 'cron_schedule') !== undefined)
    throw wrongField(
      ['cron_schedule'],
      'callers cannot schedule runs: define the extraction in ferry.yaml, with a `schedule`, or call /start from a scheduler of your own',
    );
  const jobs = await dependencies.readJobs();
  const id =
    readWorkflowId(body.workflow_id, 'workflow_id') ??
    readWorkflowId(body.argo_workflow_name, 'argo_workflow_name');
  const configured = id === undefined ? undefined : findConfiguredWorkflow(jobs, id);
  if (configured) return startConfigured(dependencies, configured, body, caller);
  if (!atlan.own) throw notConfigured(id, jobs);
  if (id !== undefined && Object.hasOwn(jobs, id))
    throw wrongField(['workflow_id'], 'this is the name of a sync, which Atlan’s API does not start');
  return startOwn(dependencies, { ...atlan, own: atlan.own }, { id, body, caller });
}

async function startConfigured(
  dependencies: ApiDependencies,
  configured: ConfiguredWorkflow,
  body: Body,
  caller: string,
): Promise<StartedWorkflow> {
  assertAsConfigured(configured, body);
  const { job, workflow } = configured;
  const { runId } = await startRun(dependencies, { job, triggeredBy: caller }, undefined);
  return { workflow_id: workflow.id, run_id: runId };
}

/** Its function may read the sources of the configuration, and write below its own folder, and nothing else. */
function assertAsConfigured({ workflow, sources }: ConfiguredWorkflow, body: Body): void {
  const refuse = (field: string, what: string) => {
    throw wrongField(
      [field],
      `${what} of the extraction "${workflow.id}" is fixed in ferry.yaml: leave it out`,
    );
  };
  const given = body.credentials ?? undefined;
  const target = given === undefined ? undefined : readCredentials(given, ['credentials']);
  if (target && !('source' in target)) refuse('credentials', 'the source');
  const guid =
    textField(body, 'credential_guid') ?? (target && 'source' in target ? target.source : undefined);
  if (guid !== undefined && !sources.includes(guid) && guid !== sources.join(','))
    refuse('credential_guid', 'the source');
  const connection = objectField(body, 'connection');
  if (
    connection &&
    Object.keys(connection).length > 0 &&
    !isDeepStrictEqual(readConnection(connection), workflow.connection)
  )
    refuse('connection', 'the connection');
  const metadata = objectField(body, 'metadata');
  const { include, exclude, tempTableRegex } = workflow;
  if (
    metadata &&
    Object.keys(metadata).length > 0 &&
    !isDeepStrictEqual(readFilters(metadata), { include, exclude, tempTableRegex })
  )
    refuse('metadata', 'what it reads');
  const prefix = textField(body, 'output_prefix');
  if (prefix !== undefined && prefix !== DEFAULT_PREFIX) refuse('output_prefix', 'the output');
}

function notConfigured(id: string | undefined, jobs: JobIndex): AtlanError {
  const ids = Object.values(jobs).flatMap(({ workflow }) => (workflow ? [workflow.id] : []));
  const those = ids.length === 0 ? 'There is none.' : `Those are: ${ids.join(', ')}.`;
  if (id !== undefined && ids.length > 0)
    return new AtlanError(404, `There is no extraction "${id}" in the configuration. ${those}`);
  return wrongField(['workflow_id'], `expected the id of an extraction of the configuration. ${those}`);
}

async function startOwn(
  dependencies: ApiDependencies,
  { own, applicationName }: { own: NonNullable<AtlanDependencies['own']>; applicationName: string },
  { id, body, caller }: { id: string | undefined; body: Body; caller: string },
): Promise<StartedWorkflow> {
  const stored = id === undefined ? undefined : await own.configs.find(id);
  const connection = objectField(body, 'connection') ?? stored?.connection;
  if (id !== undefined && !connection)
    throw new AtlanError(
      404,
      `There is no workflow "${id}", or its definition has expired: send its connection, metadata and credentials.`,
    );
  const metadata = objectField(body, 'metadata') ?? stored?.metadata;
  if (!metadata) throw wrongField(['metadata'], 'Field required', 'missing');
  const outputPrefix = textField(body, 'output_prefix') ?? stored?.outputPrefix ?? DEFAULT_PREFIX;
  const target = targetOf(body, stored, (name) => own.starter.isSource(name));
  const source = 'source' in target ? target.source : undefined;
  const config: WorkflowConfig = {
    workflowId: id ?? randomUUID(),
    connection: connection ?? {},
    metadata,
    credentialGuid: source ?? randomUUID(),
    ...(source === undefined ? {} : { source }),
    outputPrefix,
    applicationName,
  };
  const begin = await own.starter.prepare({
    workflowId: config.workflowId,
    connection: readConnection(connection),
    filters: readFilters(metadata),
    target,
    folder: readFolder(outputPrefix),
  });
  const { runId } = await startRun(
    { ...dependencies, start: begin },
    { job: config.workflowId, triggeredBy: caller },
    undefined,
  );
  // Only now: a start that was refused must not change the definition of the run that is under way.
  await own.configs.save(config);
  return { workflow_id: config.workflowId, run_id: runId };
}

function targetOf(
  body: Body,
  stored: WorkflowConfig | undefined,
  isSource: (name: string) => boolean,
): CatalogTarget {
  const named = textField(body, 'credential_guid');
  // A source that is named beside credentials is meant, and they go nowhere.
  if (named !== undefined && isSource(named)) return { source: named };
  if (body.credentials !== undefined && body.credentials !== null)
    return readCredentials(body.credentials, ['credentials']);
  if (named !== undefined && named !== stored?.credentialGuid) return { source: named };
  if (stored?.source !== undefined) return { source: stored.source };
  throw wrongField(
    ['credentials'],
    stored ? 'credentials are not stored: send them with each start' : 'Field required',
    'missing',
  );
}
