import { ConfigError, FerryError } from '../../errors.ts';
import type { Dialect, SourceAnswer } from '../dialect.ts';

/**
 * Why a server does not answer the first questions: it may be another product that speaks the same protocol.
 *
 * @param ask sends it one SELECT
 * @returns a ConfigError that names the product, or `error` itself
 */
export async function explainStranger(
  error: unknown,
  { relative }: Dialect,
  ask: (sql: string) => Promise<SourceAnswer>,
): Promise<unknown> {
  if (error instanceof FerryError && error.retryable) return error;
  const met = await relative?.(ask).catch(() => undefined);
  if (met === undefined) return error;
  const why = met.refused ?? 'it does not answer what Ferry asks of Postgres first';
  return new ConfigError(`The source is ${met.words}, which Ferry cannot read: ${why}.`, {
    cause: error,
    hint: 'docs/sources.md says what is known of the products that speak the protocol of Postgres.',
  });
}
