import * as z from 'zod';
import type { FerryConfig } from '../config/schema/ferry-config.ts';
import { ConfigError } from '../errors.ts';
import type { CatalogProbe } from './probe-catalog.ts';
import { type DescribedQuery, probeColumns } from './probe-columns.ts';

/** A question about a query, as it is sent to a function that may reach the source. */
export const queryProbeSchema = z.strictObject({
  job: z.string(),
  source: z.string(),
  probe: z.literal('columns'),
  query: z.string(),
  types: z.enum(['exact', 'compatible']),
});
export type QueryProbe = z.infer<typeof queryProbeSchema>;

/** Answers such a question. @throws what probeColumns does; ConfigError when the source does not exist */
export async function answerQueryProbe(
  { source: name, job, query, types }: QueryProbe,
  { config, ...surrounding }: { config: FerryConfig } & Omit<CatalogProbe, 'name' | 'source' | 'job'>,
): Promise<DescribedQuery> {
  const source = Object.hasOwn(config.sources, name) ? config.sources[name] : undefined;
  if (!source) throw new ConfigError(`There is no source "${name}".`);
  return probeColumns({ ...surrounding, name, source, job }, { query, types });
}
