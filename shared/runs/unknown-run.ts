import { ConfigError } from '../errors.ts';
import { shorten } from '../text/shorten.ts';

/** The error for an id that no run has. */
export function unknownRun(id: string): ConfigError {
  return new ConfigError(`There is no run "${shorten(id)}".`, {
    hint: 'ferry runs lists the newest runs, with their ids.',
  });
}
