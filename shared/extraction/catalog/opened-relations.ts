import { sleep } from '../../sleep.ts';
import type {
  Catalog,
  CatalogOpening,
  CatalogState,
  GuardedQuestion,
  Opened,
  OpenedRelation,
  RowTakers,
} from '../../source/catalog/catalog.ts';
import type { Fault } from '../../source/catalog/faults.ts';
import { TextFile, type TextPlace } from '../files/text-file.ts';

/** How many relations one statement opens at most. */
const BATCH = 100;
const PAUSE_MS = 200;
const LOCK_PATIENCE_MS = 5_000;

/** The questions to a source, within a transaction. */
export interface GuardedClient {
  /** @returns the rows of a SELECT in the source's own SQL */
  ask(sql: string): Promise<unknown[][]>;
  /** @returns the JSON that the source answered */
  askGuarded(question: GuardedQuestion): Promise<unknown>;
}

export interface ReadOptions {
  client: GuardedClient;
  catalog: Catalog;
  state: CatalogState;
  tell?: ((fact: string) => void) | undefined;
  /** How long Ferry keeps trying relations that are locked. @default 5 s */
  lockPatienceMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

interface Known {
  version: string;
  kind: string;
  insertable: boolean | null;
  definition: TextPlace | undefined;
}

/**
 * What can only be learnt about relations by opening them: the definitions of views, and whether views and foreign
 * tables accept rows. It is kept across transactions, so that a catalog that changes all the time can be read.
 */
export class OpenedRelations {
  readonly #texts: TextFile;
  #known = new Map<number, Known>();
  #faults: Fault[] = [];
  /** When Ferry began to retry what is locked: one limit for all transactions. */
  #waitingSince: number | undefined;
  #first: GuardedQuestion | undefined;

  /** @param path of a file for the definitions, in a private folder */
  constructor(path: string) {
    this.#texts = new TextFile(path);
  }

  /** What could not be read in the last transaction. */
  get faults(): readonly Fault[] {
    return this.#faults;
  }

  get rowTakers(): RowTakers {
    const asked = [...this.#known].filter(([, { kind }]) => kind !== 'm');
    const those = (answer: boolean | null) =>
      asked.flatMap(([relation, { insertable }]) => (insertable === answer ? [relation] : []));
    return { takers: those(true), unknown: those(null) };
  }

  definitionOf(relation: number): string | null {
    const place = this.#known.get(relation)?.definition;
    return place ? this.#texts.read(place) : null;
  }

  /** The source's SQL for the first statement of another transaction, which opens what is new. */
  openFirst({ catalog, state }: Pick<ReadOptions, 'catalog' | 'state'>, facts: string): string | undefined {
    if (!state.guarded || !catalog.opening) return undefined;
    this.#first = catalog.opening.openFirst(state, facts, [...this.#known.keys()]);
    return this.#first.before;
  }

  /** Reads what has changed since the last transaction. */
  async read(options: ReadOptions): Promise<void> {
    const { client, catalog, state, tell, lockPatienceMs = LOCK_PATIENCE_MS, signal } = options;
    const { opening, probing } = catalog;
    if (!opening) return;
    if (this.#first) await this.#takeFirst(this.#first, client);
    let queue = await this.#findChanged(options, opening);
    let locked: OpenedRelation[] = [];
    this.#faults = [];
    while (queue.length > 0) {
      const answers = (await client.askGuarded(opening.open(queue.slice(0, BATCH), state))) as Opened[];
      if (answers.length === 0) throw new Error('The source returned no answer.');
      const patient =
        this.#waitingSince === undefined || performance.now() - this.#waitingSince < lockPatienceMs;
      for (const [index, answer] of answers.entries()) {
        const asked = queue[index] as OpenedRelation;
        if (answer.failure && probing?.isLocked(answer.failure) && patient) locked.push(asked);
        else this.#take(answer);
      }
      queue = queue.slice(answers.length);
      if (queue.length > 0 || locked.length === 0) continue;
      if (this.#waitingSince === undefined) {
        this.#waitingSince = performance.now();
        tell?.(await describeWaiting(options, locked));
      }
      await sleep(PAUSE_MS, signal);
      [queue, locked] = [locked, []];
    }
  }

  close(): void {
    this.#texts.close();
  }

  async #findChanged({ client, state }: ReadOptions, { toOpen }: CatalogOpening): Promise<OpenedRelation[]> {
    const before = this.#known;
    this.#known = new Map();
    const changed: OpenedRelation[] = [];
    for (const [number, name, text] of await client.ask(toOpen(state))) {
      const [relation, kind, version] = [Number(number), String(name), String(text)];
      const known = before.get(relation);
      if (known?.version === version) {
        this.#known.set(relation, known);
      } else {
        changed.push({ relation, kind, version });
      }
    }
    return changed;
  }

  async #takeFirst({ ask }: GuardedQuestion, client: GuardedClient): Promise<void> {
    this.#first = undefined;
    const answers = (await client.askGuarded({ ask })) as Opened[];
    // What failed is tried again with the others.
    for (const answer of answers) if (!answer.failure) this.#take(answer);
  }

  #take({ relation, kind, version, definition, insertable, part, failure }: Opened): void {
    this.#known.set(relation, {
      // What failed is tried again in the next transaction.
      version: failure ? '' : version,
      kind,
      insertable,
      definition: definition === null ? undefined : this.#texts.add(definition),
    });
    if (failure) this.#faults.push({ part: part ?? 'definition', object: relation, column: 0, ...failure });
  }
}

const MAX_NAMES = 3;

async function describeWaiting(
  { client, catalog }: ReadOptions,
  locked: readonly OpenedRelation[],
): Promise<string> {
  const faults = locked.slice(0, MAX_NAMES).map(
    ({ relation }): Fault => ({
      part: 'definition',
      object: relation,
      column: 0,
      code: '',
      said: null,
    }),
  );
  const names = await namesOf(client, catalog, faults, []);
  const more = locked.length - names.length;
  return `Another session holds a lock that blocks ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}: trying again …`;
}

/** The names of the objects of faults, in their order. */
export async function namesOf(
  client: Pick<GuardedClient, 'ask'>,
  catalog: Catalog,
  faults: readonly Fault[],
  all: readonly Fault[],
): Promise<string[]> {
  if (faults.length === 0 || !catalog.probing) return [];
  const names = faults.map(({ object }) => String(object));
  for (const [place, name] of await client.ask(catalog.probing.names(faults, all)))
    names[Number(place)] = String(name);
  return names;
}
