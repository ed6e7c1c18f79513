import { tmpdir } from 'node:os';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Command } from 'commander';
import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import { openOutputStore } from '../../shared/extraction/output/open-output-store.ts';
import type { ServeOptions } from '../../shared/serve/serve-options.ts';
import type { RunSurrounding } from '../../shared/serve/starts/execute-start.ts';
import type { Telemetry } from '../../shared/telemetry/telemetry.ts';
import type { CliContext } from '../cli-context.ts';
import { createCliLogger } from '../cli-logger.ts';
import { createS3Client } from '../local/open-state.ts';
import { serverMemoryLimit, sessionOptions } from '../local/session-options.ts';
import { givenGlobal, globalOptions, openSecrets } from '../options.ts';
import { withTelemetry } from '../with-telemetry.ts';
import { readServedConfig, type ServedConfig } from './served-config.ts';
import { openServedState } from './served-state.ts';

/** How a process in a container logs, unless it is told otherwise. */
const SERVED_LOG = { level: 'info', format: 'text' } as const;

/** What a process in a container works with, whether it keeps schedules or runs one job. */
export interface Served
  extends Pick<ServeOptions, 'documents' | 'stateFolder'>,
    Omit<RunSurrounding, 'scope' | 'store' | 'deadline' | 'signal'> {
  loaded: ServedConfig;
  signal: AbortSignal;
}

/**
 * Reads the configuration, opens the state, and begins to log as the connector does: lines of text from `info` on,
 * unless LOG_LEVEL and LOG_FORMAT say otherwise.
 *
 * @param otherwise the configuration where there is none. @default that is an error
 */
export async function openServed(
  context: CliContext,
  command: Command,
  otherwise?: () => FerryConfig,
): Promise<Served> {
  const options = globalOptions(command);
  const config = givenGlobal(command, 'config');
  const loaded = await readServedConfig(context, config, otherwise);
  // A .env file wins over the environment.
  const own = { ...context, environment: loaded.environment };
  const logger = createCliLogger(options, own, SERVED_LOG);
  for (const warning of loaded.warnings) logger.warn(warning);
  const typed = command.parent?.getOptionValueSource('state') === 'cli';
  const place = typed ? givenGlobal(command, 'state') : own.environment.FERRY_STATE?.trim() || undefined;
  const { documents, own: ownStore } = await openServedState(place, own, logger, config);
  // One for all runs: each has its own connections.
  let client: Promise<S3Client> | undefined;
  const s3Client = () => {
    client ??= createS3Client(own);
    return client;
  };
  return {
    loaded,
    ...sessionOptions(own),
    memoryLimitBytes: serverMemoryLimit(),
    config: loaded.config,
    secrets: await openSecrets(options, loaded, own),
    documents,
    stateFolder: 'folder' in ownStore ? ownStore.folder : undefined,
    openOutput: (output) => openOutputStore({ output, own: ownStore, client: s3Client }),
    workFolder: tmpdir(),
    logger,
  };
}

/**
 * Does the work of a process in a container while traces, metrics and logs are recorded, as `withTelemetry`.
 *
 * @param how.scraped whether others may ask it for its metrics
 */
export function withServedTelemetry(
  context: CliContext,
  command: Command,
  how: { scraped: boolean },
  work: (telemetry: Telemetry) => Promise<void>,
): Promise<void> {
  const warn = (message: string) =>
    createCliLogger(globalOptions(command), context, SERVED_LOG).warn(message);
  return withTelemetry(context, { ...how, warn }, work);
}
