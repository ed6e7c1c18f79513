import { ConfigError } from '../../errors.ts';
import { labelOf } from './database-label.ts';

/**
 * A database, or a whole source, of which the filters leave nothing. This is only a failure if they leave nothing
 * anywhere.
 */
export interface LeftOut {
  source: string;
  /** Absent for all databases of the source. */
  database?: string;
  /** What to report when nothing else is left either. */
  miss: string;
}

// More names would make the message hard to read.
const MAX_NAMES = 10;

/** For the record, so that people notice a mistyped name in a pattern. */
export function describeLeftOut(all: readonly LeftOut[]): string {
  const names = all.slice(0, MAX_NAMES).map(({ source, database }) => labelOf(source, database));
  const more = all.length > MAX_NAMES ? ` and ${all.length - MAX_NAMES} more` : '';
  return `Left out, because the filters select nothing in them: ${names.join(', ')}${more}.`;
}

/** The error of a job whose filters leave nothing at all, in the words of Atlan's app about the first database. */
export function nothingLeft([first]: readonly LeftOut[]): ConfigError {
  return new ConfigError(`${first?.miss ?? 'There is no database to read'}.`, {
    hint: `The filters leave nothing to read.${first ? ` ferry tree ${first.source} lists what exists.` : ''}`,
  });
}
