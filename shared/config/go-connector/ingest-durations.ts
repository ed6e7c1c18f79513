import { goDurationMs } from '../../text/go-duration.ts';

// The limits of ferry.yaml's schema; the connector had none.
const ingestLimits = {
  INGEST_POLL_INTERVAL: { least: '1s', most: '10m' },
  INGEST_TIMEOUT: { least: '1s', most: '24h' },
} as const;

/** A variable that holds a duration. */
export type IngestVariable = keyof typeof ingestLimits;

/** A duration within Ferry's limits; undefined for an invalid text. */
export function readDuration(name: IngestVariable, text: string, warnings: string[]): string | undefined {
  const wanted = goDurationMs(text);
  if (wanted === undefined) return undefined;
  const { least, most } = ingestLimits[name];
  const tooShort = wanted < (goDurationMs(least) ?? 0);
  if (!tooShort && wanted <= (goDurationMs(most) ?? 0)) return text;
  const limit = tooShort ? least : most;
  warnings.push(`${name} is ${text}; Ferry accepts ${least} to ${most}, so it becomes ${limit}.`);
  return limit;
}
