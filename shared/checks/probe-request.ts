import * as z from 'zod';
import type { FerryConfig } from '../config/schema/ferry-config.ts';
import { ConfigError } from '../errors.ts';
import { type CatalogProbe, listCatalog, probePreflight, probeSignIn } from './probe-catalog.ts';

const filter = z.record(z.string(), z.union([z.literal('*'), z.array(z.string())]));

/** A question about the catalog of a source, as it is sent to the function that may reach the source. */
export const probeRequestSchema = z.discriminatedUnion('probe', [
  z.strictObject({ job: z.string(), source: z.string(), probe: z.literal('sign-in') }),
  z.strictObject({
    job: z.string(),
    source: z.string(),
    probe: z.literal('list'),
    wanted: z.enum(['databases', 'schemas']),
    database: z.string().optional(),
  }),
  z.strictObject({
    job: z.string(),
    source: z.string(),
    probe: z.literal('check'),
    filters: z.strictObject({ include: filter, exclude: filter, tempTableRegex: z.string() }),
  }),
]);
export type ProbeRequest = z.infer<typeof probeRequestSchema>;

/**
 * Answers such a question.
 *
 * @returns what probeSignIn, listCatalog or probePreflight do
 * @throws what they throw; ConfigError when the source does not exist
 */
export async function answerProbe(
  request: ProbeRequest,
  { config, ...surrounding }: { config: FerryConfig } & Omit<CatalogProbe, 'name' | 'source' | 'job'>,
): Promise<unknown> {
  const { source: name, job } = request;
  const source = Object.hasOwn(config.sources, name) ? config.sources[name] : undefined;
  if (!source) throw new ConfigError(`There is no source "${name}".`);
  const probe = { ...surrounding, name, source, job };
  switch (request.probe) {
    case 'sign-in':
      await probeSignIn(probe);
      return null;
    case 'list':
      return listCatalog(probe, request.wanted, request.database);
    case 'check':
      return probePreflight(probe, request.filters, config.atlan.minimumVersion);
  }
}
