import { ConfigError } from '../../errors.ts';
import { type CatalogFilters, entriesOf } from '../../source/catalog/filters.ts';
import { nameSome } from '../../text/name-some.ts';
import { nameOfEntry } from '../catalog/preflight.ts';
import type { ExtractionWork } from '../extraction-work.ts';

/** A database that `databases: all` and the filters select, and that the login may not connect to. */
export interface UnreadDatabase {
  database: string;
  /** In words, such as `the login has no CONNECT privilege`. */
  reason: string;
}

/** For people, who would take it for a database that does not exist any more. */
export function describeUnread(source: string, unread: readonly UnreadDatabase[]): string {
  const names = unread.map(({ database, reason }) => `${source}/${database} (${reason})`);
  return `Not read, although databases: all selects ${names.length === 1 ? 'it' : 'them'}: ${nameSome(names)}.`;
}

/**
 * Whether an entry of `include` without a database fails by itself. With one database it fails the job, as in Atlan's app;
 * with several sources it is meant for another one.
 */
export const failsApart = ({ extraction, sources }: Pick<ExtractionWork, 'extraction' | 'sources'>) =>
  extraction.databases !== undefined && sources.length === 1;

/**
 * Entries of `include` that match no database of the only source. Of an extraction with several databases, such an entry
 * fails by itself: one dropped database does not keep the others from being read.
 */
export class UnmatchedEntries {
  #found: ReadonlySet<number> | undefined;

  /** @param found the numbers of those that match none, as one database sees it: its letters may hide others' names */
  note(found: ReadonlySet<number>): void {
    const known = this.#found;
    this.#found = known === undefined ? found : new Set([...found].filter((index) => known.has(index)));
  }

  /**
   * A failure for each, in the words of Atlan's app.
   *
   * @param known names of databases that have another outcome
   */
  failures(
    include: CatalogFilters['include'],
    unread: readonly UnreadDatabase[],
    known: ReadonlySet<string>,
  ): { database: string; error: ConfigError }[] {
    const entries = entriesOf(include).filter((_, index) => this.#found?.has(index));
    return entries.flatMap(({ database: pattern }) => {
      const database = nameOfEntry(pattern);
      if (known.has(database)) return [];
      const reason = unread.find((one) => one.database === database)?.reason;
      const error = new ConfigError(`Schemas and Databases check failed for ${database} database.`, {
        hint:
          reason === undefined
            ? 'No database of the server has that name: correct this entry of include, or take it out.'
            : `It is there, but ${reason}: grant it, or take this entry out of include.`,
      });
      return [{ database, error }];
    });
  }
}
