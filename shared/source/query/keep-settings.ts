import { ExactnessError } from '../../errors.ts';
import type { SourceSession } from '../sessions/session.ts';

/**
 * Does work in a transaction, and checks whether a query changed settings of the source's session meanwhile: then some
 * of its rows were printed in one way and some in another, and nobody can say which.
 *
 * @throws ExactnessError that names the setting
 */
export async function keepSettings<T>(session: SourceSession, work: () => Promise<T>): Promise<T> {
  const before = await readSettings(session);
  const result = await work();
  const after = await readSettings(session);
  const changed = [...before].find(([name, value]) => after.get(name) !== value)?.[0];
  if (changed === undefined) return result;
  throw changedWhileRunning(
    `The query changes the setting ${changed} while it runs, and its values depend on that setting.`,
  );
}

/** The error of a query that changes how its values are printed, which affects any of its columns. */
export function changedWhileRunning(what: string): ExactnessError {
  return new ExactnessError(`${what} Nothing was uploaded.`, {
    hint: 'Remove the function that sets it (in the query, or called by it), and convert the values instead; or change the setting of the login.',
  });
}

/** The settings of the source's session that decide how values are printed, by their names. */
export async function readSettings(session: SourceSession): Promise<Map<string, string>> {
  const { printSettings } = session.dialect;
  if (printSettings === undefined) return new Map();
  const { names, rows } = await session.askSource('wrap', printSettings);
  return new Map(names.map((name, index) => [name, String(rows[0]?.[index])]));
}
