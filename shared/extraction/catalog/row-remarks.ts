import type { CatalogQueries } from '../../source/catalog/catalog.ts';
import { formatCount } from '../../text/format.ts';
import type { EntityKind, RawRow } from '../entities/entity-kind.ts';
import type { RowRemark } from '../entities/row-remark.ts';

/** More names would make the message hard to read. */
const MAX_NAMES = 3;

/** Collects what people must know about single rows, and tells it in one sentence for each kind. */
export class RowRemarks {
  readonly #found = new Map<RowRemark['what'], { count: number; names: string[] }>();

  /** Passes the rows on. */
  *watch(rows: Iterable<RawRow>, { remarksOf }: EntityKind): Generator<RawRow> {
    for (const row of rows) {
      for (const remark of remarksOf?.(row) ?? []) this.#note(remark);
      yield row;
    }
  }

  /** @param hidden the privileges that definitions need */
  warnings(hidden: CatalogQueries['hidden']): string[] {
    const sentences: Readonly<Record<RowRemark['what'], (names: string) => string>> = {
      'hidden view': (names) =>
        `Left out: the definitions of the views ${names}, because the login lacks the privilege ${hidden?.view} on them.`,
      'hidden routine': (names) =>
        `Left out: the definitions of the routines ${names}, because the login lacks the privilege ${hidden?.routine}.`,
      'broken table': (names) =>
        `The server cannot open these tables, so that their engine, size and comment are missing: ${names}.`,
      'invalid view': (names) =>
        `These views refer to something that is gone, or that their definer may not use, so that columns of them may be missing: ${names}.`,
    };
    return [...this.#found].map(([what, { count, names }]) => {
      const more = count > names.length ? ` and ${formatCount(count - names.length)} more` : '';
      return sentences[what](`${names.join(', ')}${more}`);
    });
  }

  #note({ what, name }: RowRemark): void {
    const found = this.#found.get(what) ?? { count: 0, names: [] };
    found.count += 1;
    if (found.names.length < MAX_NAMES) found.names.push(name.replace(/\p{Cc}/gu, ' '));
    this.#found.set(what, found);
  }
}
