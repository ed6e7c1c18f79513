import { QueryError, SourceUnavailableError } from '../../errors.ts';
import type { Probed } from '../../source/catalog/catalog.ts';
import { describeFaults, type Fault, keyOf, toName } from '../../source/catalog/faults.ts';
import type { SourceSession } from '../../source/session.ts';
import { namesOf, OpenedRelations, type ReadOptions } from './opened-relations.ts';

/** A catalog that changes is caught up with in two or three. */
const MAX_TRANSACTIONS = 20;

/**
 * Finds what of a catalog cannot be read. A transaction reads the catalog as it was, and opens what is in it as it is now: what was
 * dropped or replaced in between fails like something that is damaged. The next transaction distinguishes them, as what was dropped is not
 * in it; what fails in two in a row is a fault.
 */
export class FaultFinder {
  readonly opened: OpenedRelations;
  #transactions = 0;
  #before = new Set<string>();
  /** A query failed as a whole, so that each object is tried. */
  #careful = false;
  /** As of the last transaction. */
  #asked: ReadOptions | undefined;

  /** @param path of a file for texts, in a private folder */
  constructor(path: string) {
    this.opened = new OpenedRelations(path);
  }

  /**
   * What is to be the very first statement of the next transaction, in the source's SQL.
   *
   * @param facts the source's own, as of the dialect
   */
  firstStatement(facts: string): string | undefined {
    return this.#asked && this.opened.openFirst(this.#asked, facts);
  }

  /**
   * Opens and tries what has to be, at the beginning of a transaction.
   *
   * @returns undefined when another transaction has to find out; else what is to be left out
   */
  async find(options: ReadOptions): Promise<Fault[] | undefined> {
    this.#transactions += 1;
    this.#asked = options;
    await this.opened.read(options);
    const faults = [...this.opened.faults];
    if (this.#careful) faults.push(...(await probe(options)));
    const isNew = (fault: Fault) => !options.catalog.isLocked(fault) && !this.#before.has(keyOf(fault));
    const unsettled = faults.some(isNew);
    const marked = faults.map((fault) => ({ ...fault, isSettled: this.#before.has(keyOf(fault)) }));
    this.#before = new Set(faults.map(keyOf));
    return unsettled && this.#transactions < MAX_TRANSACTIONS ? undefined : marked;
  }

  /**
   * Whether the catalog may be read without single objects, after a query of it has failed as a whole; {@link find} then looks for them.
   * What is no matter of an object is left to the caller: a connection that broke, no memory, too little time.
   */
  mayFindMore(error: unknown, { dialect }: Pick<SourceSession, 'dialect'>): boolean {
    if (this.#careful || !(error instanceof QueryError || error instanceof SourceUnavailableError))
      return false;
    const { cause } = error;
    if (!(cause instanceof Error) || dialect.errorPatterns.broken.test(cause.message)) return false;
    if (/memory|_timeout\b/.test(error.message)) return false;
    this.#careful = true;
    return true;
  }

  close(): void {
    this.opened.close();
  }
}

/** Tries every text of every object. */
async function probe({ client, catalog, state, tell }: ReadOptions): Promise<Fault[]> {
  if (!state.guarded) return [];
  tell?.('Something in the catalog cannot be read: searching for it …');
  const found: Fault[] = [];
  for (const { part, question } of catalog.probes) {
    const answers = (await client.askGuarded(question({ ...state, faults: found }))) as Probed[];
    for (const { object, column, failure } of answers) found.push({ part, object, column, ...failure });
  }
  return found;
}

/** What a person is told about faults. */
export async function warnOfFaults(
  { client, catalog }: Pick<ReadOptions, 'client' | 'catalog'>,
  faults: readonly Fault[],
): Promise<string[]> {
  const names = await namesOf(client, catalog, toName(faults), faults);
  return describeFaults(faults, names, catalog.reasonOf);
}
