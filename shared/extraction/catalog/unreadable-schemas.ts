import { NO_SHARED_TEXTS, type Probed } from '../../source/catalog/catalog.ts';
import { catalogOf } from '../../source/catalog/catalog-registry.ts';
import type { Fault } from '../../source/catalog/faults.ts';
import { EVERYTHING } from '../../source/catalog/filters.ts';
import type { SourceSession } from '../../source/sessions/session.ts';
import { warnOfFaults } from './find-faults.ts';
import type { GuardedClient } from './opened-relations.ts';

/**
 * The schemas of the connected database whose names cannot be read.
 *
 * @returns their numbers, and warnings for people; none where the login may not run the search
 */
export function findUnreadableSchemas(
  session: SourceSession,
): Promise<{ objects: number[]; warnings: string[] }> {
  const catalog = catalogOf(session.source);
  const client: GuardedClient = {
    ask: async (sql) => (await session.askSource('read', sql)).rows,
    async askGuarded({ before, ask }) {
      if (before) await session.execute('read', before);
      const [[answer] = []] = await this.ask(ask);
      return JSON.parse(String(answer));
    },
  };
  return session.transaction(async () => {
    const probe = catalog.probing?.probes.find(({ part }) => part === 'schema');
    if (!probe || catalog.settings === undefined) return { objects: [], warnings: [] };
    const [[guarded] = []] = await client.ask(catalog.settings);
    if (guarded !== true) return { objects: [], warnings: [] };
    const question = probe.question({
      filters: EVERYTHING,
      databaseName: '',
      shared: NO_SHARED_TEXTS,
      serverVersion: session.server.version,
      guarded: true,
      tablePartitions: false,
      details: false,
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
