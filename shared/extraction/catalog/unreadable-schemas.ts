import type { Probed } from '../../source/catalog/catalog.ts';
import { catalogOf } from '../../source/catalog/catalog-registry.ts';
import type { Fault } from '../../source/catalog/faults.ts';
import { EVERYTHING } from '../../source/catalog/filters.ts';
import type { SourceSession } from '../../source/session.ts';
import { warnOfFaults } from './find-faults.ts';
import type { CatalogClient } from './opened-relations.ts';

/**
 * The schemas of the connected database whose names cannot be read.
 *
 * @returns their numbers, and warnings for people; none where the login may not run the search
 */
export function findUnreadableSchemas(
  session: SourceSession,
): Promise<{ objects: number[]; warnings: string[] }> {
  const catalog = catalogOf(session.sourceType);
  const client: CatalogClient = {
    ask: async (sql) => (await session.askSource('read', sql)).rows,
    async askGuarded({ before, ask }) {
      if (before) await session.execute('read', before);
      const [[answer] = []] = await this.ask(ask);
      return JSON.parse(String(answer));
    },
  };
  return session.transaction(async () => {
    const [[guarded] = []] = await client.ask(catalog.settings);
    const probe = catalog.probes.find(({ part }) => part === 'schema');
    if (guarded !== true || !probe) return { objects: [], warnings: [] };
    const question = probe.question({
      filters: EVERYTHING,
      databaseName: '',
      serverVersion: session.server.version,
      guarded: true,
      faults: [],
    });
    const answers = (await client.askGuarded(question)) as Probed[];
    const faults = answers.map(
      ({ object, column, failure }): Fault => ({ part: 'schema', object, column, ...failure }),
    );
    return {
      objects: faults.map(({ object }) => object),
      warnings: await warnOfFaults({ client, catalog }, faults),
    };
  });
}
