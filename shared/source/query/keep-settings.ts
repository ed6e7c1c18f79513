import { ExactnessError } from '../../errors.ts';
import type { SourceSession } from '../session.ts';

/**
 * Does work in a transaction, and sees whether a query changed settings of the source's session meanwhile: of its rows, some were printed
 * one way then and some another way, and nobody can tell which.
 *
 * @throws ExactnessError that names the setting
 */
export async function keepSettings<T>(session: SourceSession, work: () => Promise<T>): Promise<T> {
  const before = await readSettings(session);
  const result = await work();
  const after = await readSettings(session);
  const changed = [...before].find(([name, value]) => after.get(name) !== value)?.[0];
  if (changed === undefined) return result;
  throw new ExactnessError(
    `The query changes the setting ${changed} while it runs, on which its values depend. Nothing was uploaded.`,
    {
      hint: 'Leave out what sets it (a function of the query, or one that it calls), and convert the values themselves; or change the setting of the login.',
    },
  );
}

async function readSettings(session: SourceSession): Promise<Map<string, string>> {
  const { printSettings } = session.dialect;
  if (printSettings === undefined) return new Map();
  const { names, rows } = await session.askSource('wrap', printSettings);
  return new Map(names.map((name, index) => [name, String(rows[0]?.[index])]));
}
