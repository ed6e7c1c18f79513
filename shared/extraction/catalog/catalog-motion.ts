import { SourceUnavailableError } from '../../errors.ts';
import { sleep } from '../../sleep.ts';
import type { ListedRelation, NamedRelation } from '../../source/catalog/catalog.ts';
import { formatCount } from '../../text/format.ts';
import type { WrittenParents } from './written-parents.ts';

/** A catalog that changes all the time must be read in the end. */
const MAX_READINGS = 3;
const PATIENCE_MS = 4_000;
/** More names would make the message hard to read. */
const MAX_NAMES = 5;

/**
 * Whether the answers about a catalog without snapshots fit together. If not, it is read again; what is still missing
 * after that is reported.
 */
export class CatalogMotion {
  readonly #patienceMs: number;
  #readings = 0;
  /** What the reading before this one missed. */
  #before = new Set<string>();

  /** @param patienceMs the pauses between readings, together */
  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  /**
   * Compares what was read.
   *
   * @throws SourceUnavailableError when a foreign key still refers to what is not there
   * @returns warnings; undefined when the catalog must be read again, after a pause
   */
  async settle(
    written: WrittenParents,
    expected: readonly ListedRelation[],
    signal: AbortSignal | undefined,
  ): Promise<string[] | undefined> {
    this.#readings += 1;
    const missing = expected.filter(({ schema, name }) => !written.hasRelation(schema, name)).map(labelOf);
    const bare = written.bareTables().map(labelOf);
    const hidden =
      bare.length === 0
        ? []
        : [`The columns of ${listed(bare)} are missing: the login has no privilege on any of them.`];
    const replaced = expected.filter(({ schema, name, type }) => {
      const now = written.typeOf(schema, name);
      return type !== undefined && now !== undefined && now !== type;
    });
    const changed = [...new Set([...written.changedRelations(), ...replaced].map(labelOf))];
    const unmet = written.missingColumns();
    if (missing.length + changed.length + unmet.length === 0 && !written.hasOrphans) return hidden;
    const before = this.#before;
    this.#before = new Set([...missing, ...changed]);
    if (this.#readings < MAX_READINGS) {
      // A short pause for a change that ends at once, a longer one for a lock.
      await sleep((this.#patienceMs * this.#readings) / (MAX_READINGS * 1.5), signal);
      return undefined;
    }
    if (unmet.length > 0) {
      throw new SourceUnavailableError(
        'The catalog changed all the time while it was read: columns that foreign keys refer to were dropped.',
        { hint: 'Run it again when nobody changes tables, or without details.' },
      );
    }
    // What was missing for the first time has been dropped meanwhile, and was not written; what changed was.
    const absent = missing.filter((name) => before.has(name));
    const warnings = [
      ...(absent.length === 0
        ? []
        : [
            `Left out: ${listed(absent)}, with the columns: another session is changing it, or the server cannot open it.`,
          ]),
      ...(changed.length === 0
        ? []
        : [`Columns of ${listed(changed)} may be missing: another session is changing or has dropped it.`]),
    ];
    if (warnings.length === 0 || written.hasOrphans)
      warnings.push(
        'The catalog changed all the time while it was read: what was created meanwhile is missing.',
      );
    return [...warnings, ...hidden];
  }
}

const labelOf = ({ schema, name }: NamedRelation) => `${schema}.${name}`;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length > MAX_NAMES ? `${shown} and ${formatCount(names.length - MAX_NAMES)} more` : shown;
}
