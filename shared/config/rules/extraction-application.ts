import { connectorOf } from '../atlan-connection.ts';
import type { ExtractionConfig, FerryConfig } from '../schema/ferry-config.ts';
import { sourcesOf } from './extraction-sources.ts';

/** What Atlan's own app is called that wrote these keys first. */
const OF_SEVERAL_KINDS = 'postgres';

/**
 * The name of the application in the keys of an extraction: as configured, else the kind of its sources, as Atlan's own
 * apps are called.
 */
export function applicationOf(
  config: FerryConfig,
  extraction: Pick<ExtractionConfig, 'sources' | 'output'>,
): string {
  const { application } = extraction.output;
  if (application !== undefined) return application;
  const kinds = sourcesOf(config, extraction).flatMap((name) => {
    const source = config.sources[name];
    return source === undefined ? [] : [connectorOf(source)];
  });
  const [kind = OF_SEVERAL_KINDS, ...others] = new Set(kinds);
  return others.length === 0 ? kind : OF_SEVERAL_KINDS;
}
