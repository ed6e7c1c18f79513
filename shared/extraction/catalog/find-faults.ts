import { QueryError, SourceUnavailableError } from '../../errors.ts';
import type { Probed } from '../../source/catalog/catalog.ts';
import { describeFaults, type Fault, keyOf, toName } from '../../source/catalog/faults.ts';
import type { SourceSession } from '../../source/sessions/session.ts';
import { formatCount } from '../../text/format.ts';
import { namesOf, OpenedRelations, type ReadOptions } from './opened-relations.ts';

/** Two or three are enough for a catalog that changes. */
const MAX_TRANSACTIONS = 20;

/**
 * Finds the parts of a catalog that cannot be read. A transaction reads the catalog as it was, but opens its objects as
 * they are now: an object that was dropped or replaced in between fails like a damaged one. The next transaction tells
 * the two apart, because it no longer contains a dropped object. What fails in two transactions in a row is a fault.
 */
export class FaultFinder {
  readonly opened: OpenedRelations;
  #transactions = 0;
  #before = new Set<string>();
  /** A query failed as a whole, so each object is tried. */
  #careful = false;
  /** Of the last transaction. */
  #asked: ReadOptions | undefined;

  /** @param path of a file for texts, in a private folder */
  constructor(path: string) {
    this.opened = new OpenedRelations(path);
  }

  /**
   * The very first statement of the next transaction, in the source's SQL.
   *
   * @param facts the source's own first statement, from the dialect
   */
  firstStatement(facts: string): string | undefined {
    return this.#asked && this.opened.openFirst(this.#asked, facts);
  }

  /**
   * Opens and tries what is needed, at the beginning of a transaction.
   *
   * @returns undefined when another transaction is needed; else the faults to leave out
   */
  async find(options: ReadOptions): Promise<Fault[] | undefined> {
    this.#transactions += 1;
    this.#asked = options;
    await this.opened.read(options);
    const faults = [...this.opened.faults];
    if (this.#careful) faults.push(...(await probe(options)));
    const isNew = (fault: Fault) =>
      !options.catalog.probing?.isLocked(fault) && !this.#before.has(keyOf(fault));
    const unsettled = faults.some(isNew);
    const marked = faults.map((fault) => ({ ...fault, isSettled: this.#before.has(keyOf(fault)) }));
    this.#before = new Set(faults.map(keyOf));
    return unsettled && this.#transactions < MAX_TRANSACTIONS ? undefined : marked;
  }

  /**
   * Whether the catalog may be read without single objects after one of its queries failed as a whole; {@link find}
   * then looks for them. Failures that have nothing to do with an object are left to the caller: a broken connection,
   * too little memory or time.
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
  if (!state.guarded || !catalog.probing) return [];
  tell?.('Something in the catalog cannot be read: searching for it …');
  const found: Fault[] = [];
  for (const { part, question } of catalog.probing.probes) {
    const answers = (await client.askGuarded(question({ ...state, faults: found }))) as Probed[];
    for (const { object, column, failure } of answers) found.push({ part, object, column, ...failure });
  }
  return found;
}

/** The warnings about faults, for people. */
export async function warnOfFaults(
  { client, catalog }: Pick<ReadOptions, 'client' | 'catalog'>,
  faults: readonly Fault[],
): Promise<string[]> {
  if (!catalog.probing) return [];
  const names = await namesOf(client, catalog, toName(faults), faults);
  return describeFaults(faults, names, catalog.probing.reasonOf);
}

/** The warnings about objects that belong to no schema, for people. */
export async function warnOfOrphans({
  client,
  catalog: { orphans },
}: Pick<ReadOptions, 'client' | 'catalog'>): Promise<string[]> {
  if (orphans === undefined) return [];
  const found = await client.ask(orphans);
  if (found.length === 0) return [];
  const number = Number(found[0]?.[0]);
  const more = number > found.length ? ` and ${formatCount(number - found.length)} more` : '';
  const names = found.map(([, name]) => String(name)).join(', ');
  return [
    `Left out, because the catalog has no row of their schema: ${names}${more}. The catalog is damaged: restore the database, or drop them.`,
  ];
}
