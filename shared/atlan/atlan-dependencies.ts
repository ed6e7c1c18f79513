import type { CatalogEntry } from '../checks/probe-catalog.ts';
import type { Preflight } from '../extraction/catalog/preflight.ts';
import type { RunRequest } from '../runs/records/run-request.ts';
import type { Clock } from '../sleep.ts';
import type { CatalogFilters } from '../source/catalog/filters.ts';
import type { CatalogTarget } from './sent-credentials.ts';
import type { WorkflowConfigs } from './workflows/workflow-config.ts';

/**
 * Asks the servers of sources. Each method throws a FerryError, or an AtlanError, that says what keeps it from an
 * answer; its signal says that nobody waits for one any more.
 */
export interface CatalogProbes {
  signIn(target: CatalogTarget, signal?: AbortSignal): Promise<void>;
  list(
    target: CatalogTarget,
    wanted: 'databases' | 'schemas',
    database?: string,
    signal?: AbortSignal,
  ): Promise<CatalogEntry[]>;
  check(target: CatalogTarget, filters: CatalogFilters, signal?: AbortSignal): Promise<Preflight>;
}

/** An extraction that a caller asks for, instead of one of the configuration. */
export interface WorkflowDemand {
  workflowId: string;
  connection: { name: string; qualifiedName: string };
  filters: CatalogFilters;
  target: CatalogTarget;
  /** Folder below the configured output; empty for that itself. */
  folder: string;
}

/** Runs the extractions of callers. */
export interface WorkflowStarter {
  /** Whether it is the name of a source of the configuration. */
  isSource(name: string): boolean;
  /**
   * Checks what a caller asks for.
   *
   * @returns begins the run, once its id is known
   * @throws AtlanError (422)
   */
  prepare(demand: WorkflowDemand): Promise<(request: RunRequest) => Promise<void>>;
}

/** What the routes of Atlan's app need, besides what Ferry's own do. */
export interface AtlanDependencies {
  catalogs: CatalogProbes;
  /** Absent: only extractions of the configuration can be started. */
  own?: { configs: WorkflowConfigs; starter: WorkflowStarter };
  /** In answers. */
  applicationName: string;
  /** How long `/result` waits for the end of a run, in ms. */
  waitMs: number;
  /** @default the real one */
  clock?: Clock;
}
