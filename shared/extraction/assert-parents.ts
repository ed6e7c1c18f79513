import { QueryError } from '../errors.ts';
import { type EntityFolder, entityFolders } from '../source/catalog/entity-folders.ts';

/** What the entities of each folder belong to. */
const parents: Readonly<Partial<Record<EntityFolder, EntityFolder>>> = {
  schema: 'database',
  table: 'schema',
  column: 'table',
  'extras-procedure': 'schema',
};

/**
 * Checks that no type is there without the one that it belongs to: Atlan would refuse each of its entities.
 *
 * @param rows of each folder
 * @param label of the database
 * @throws QueryError
 */
export function assertParents(rows: Readonly<Partial<Record<EntityFolder, number>>>, label: string): void {
  for (const type of entityFolders) {
    const parent = parents[type];
    if (parent === undefined || !rows[type] || rows[parent]) continue;
    throw new QueryError(
      `The catalog of ${label} has rows for ${type} and none for ${parent}, which these belong to: Atlan would refuse them all.`,
      {
        hint: 'The catalog is damaged, or the login may read only a part of it: check its privileges.',
      },
    );
  }
}

/**
 * The same for all files of a run, before they count as complete.
 *
 * @throws QueryError
 */
export function assertParentFiles(
  files: readonly { form: string; type: EntityFolder; source: string; database: string; rows: number }[],
): void {
  const ofDatabase = Map.groupBy(files, ({ source, database }) => JSON.stringify([source, database]));
  for (const written of ofDatabase.values()) {
    const rows: Partial<Record<EntityFolder, number>> = {};
    for (const { form, type, rows: count } of written)
      if (form === 'transformed') rows[type] = (rows[type] ?? 0) + count;
    const [first] = written;
    assertParents(rows, `${first?.source}/${first?.database}`);
  }
}
