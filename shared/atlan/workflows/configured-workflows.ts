import type { IndexedJob, JobIndex } from '../../api/jobs/job-index.ts';
import { DEFAULT_PREFIX } from './workflow-fields.ts';

/** An extraction of the configuration, as a workflow. */
export interface ConfiguredWorkflow {
  job: string;
  workflow: NonNullable<IndexedJob['workflow']>;
  sources: readonly string[];
}

/** Finds it by its workflow's id, or by its name. */
export function findConfiguredWorkflow(jobs: JobIndex, workflowId: string): ConfiguredWorkflow | undefined {
  const found = Object.entries(jobs).find(([, { workflow }]) => workflow?.id === workflowId);
  const job = found?.[0] ?? (Object.hasOwn(jobs, workflowId) ? workflowId : undefined);
  const { workflow, sources = [] } = (job === undefined ? undefined : jobs[job]) ?? {};
  return job === undefined || !workflow ? undefined : { job, workflow, sources };
}

/** What GET /config answers about it. */
export function showConfiguredWorkflow({ workflow, sources }: ConfiguredWorkflow, applicationName: string) {
  const { id, connection, include, exclude, tempTableRegex } = workflow;
  return {
    connection: connection
      ? { connection_name: connection.name, connection_qualified_name: connection.qualifiedName }
      : {},
    metadata: {
      'include-filter': JSON.stringify(include),
      'exclude-filter': JSON.stringify(exclude),
      'temp-table-regex': tempTableRegex,
      'extraction-method': 'direct',
    },
    credential_guid: sources.join(','),
    application_name: applicationName,
    workflow_id: id,
    output_prefix: DEFAULT_PREFIX,
  };
}
