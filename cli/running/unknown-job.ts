import type { FerryConfig } from '../../shared/config/schema/ferry-config.ts';
import { asSentence, unknownNameMessage } from '../../shared/config/unknown-name.ts';
import { ConfigError } from '../../shared/errors.ts';

/** The error for a name that no job has. */
export function unknownJob(name: string, { syncs, extractions }: FerryConfig): ConfigError {
  const names = [...Object.keys(syncs), ...Object.keys(extractions)];
  const kind = Object.keys(extractions).length === 0 ? 'sync' : 'job';
  return new ConfigError(asSentence(unknownNameMessage(kind, name, names)));
}
