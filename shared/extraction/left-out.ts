import { ConfigError } from '../errors.ts';
import { labelOf } from './read-database.ts';

/** A database, or a source as a whole, of which the filters leave nothing: no failure while they leave something of another one. */
export interface LeftOut {
  source: string;
  /** Absent where it is all databases of the source. */
  database?: string;
  /** What to say of it when nothing else is left either. */
  miss: string;
}

// More names help nobody.
const MAX_NAMES = 10;

/** For the record: a pattern with a mistyped name should be seen. */
export function describeLeftOut(all: readonly LeftOut[]): string {
  const names = all.slice(0, MAX_NAMES).map(({ source, database }) => labelOf(source, database));
  const more = all.length > MAX_NAMES ? ` and ${all.length - MAX_NAMES} more` : '';
  return `Left out, because the filters select nothing in them: ${names.join(', ')}${more}.`;
}

/** The error of a job whose filters leave nothing at all: in the words of Atlan's app, about the first database that was asked. */
export function nothingLeft([first]: readonly LeftOut[]): ConfigError {
  return new ConfigError(`${first?.miss ?? 'There is no database to read'}.`, {
    hint: `The filters leave nothing to read.${first ? ` ferry tree ${first.source} lists what exists.` : ''}`,
  });
}
