import { tmpdir } from 'node:os';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Command } from 'commander';
import { openOutputStore } from '../../shared/extraction/output/open-output-store.ts';
import type { RunSurrounding } from '../../shared/serve/execute-start.ts';
import type { ServeOptions } from '../../shared/serve/serve-options.ts';
import type { CliContext } from '../cli-context.ts';
import { createCliLogger } from '../cli-logger.ts';
import { createS3Client } from '../open-state.ts';
import { givenGlobal, globalOptions, openSecrets } from '../options.ts';
import { serverMemoryLimit, sessionOptions } from '../session-options.ts';
import { readServedConfig, type ServedConfig } from './served-config.ts';
import { openServedState } from './served-state.ts';

/** What a process in a container works with, whether it keeps schedules or runs one job. */
export interface Served
  extends Pick<ServeOptions, 'documents'>,
    Omit<RunSurrounding, 'scope' | 'store' | 'deadline' | 'signal'> {
  loaded: ServedConfig;
  signal: AbortSignal;
}

/**
 * Reads the configuration, opens the state, and begins to log as the connector does: lines of text from `info` on,
 * unless LOG_LEVEL and LOG_FORMAT say otherwise.
 */
export async function openServed(context: CliContext, command: Command): Promise<Served> {
  const options = globalOptions(command);
  const loaded = await readServedConfig(context, givenGlobal(command, 'config'));
  // A .env file wins over the environment.
  const own = { ...context, environment: loaded.environment };
  const logger = createCliLogger(options, own, { level: 'info', format: 'text' });
  for (const warning of loaded.warnings) logger.warn(warning);
  const typed = command.parent?.getOptionValueSource('state') === 'cli';
  const place = typed ? givenGlobal(command, 'state') : own.environment.FERRY_STATE || undefined;
  const { documents, own: ownStore } = await openServedState(place, own, logger);
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
    openOutput: (output) => openOutputStore({ output, own: ownStore, client: s3Client }),
    workFolder: tmpdir(),
    logger,
  };
}
