import type { FerryConfig } from '../schema/ferry-config.ts';

/** A beginning without an end, and nothing in it that could match anything else than itself. */
const PREFIX = /^\^([^\\^$.*+?()[\]{}|]+)$/;

/**
 * A sentence for each pattern of a filter that looks like a prefix: in Atlan's app `^app` keeps `application` too, here patterns match whole
 * names.
 */
export function warnOfOpenPatterns({ extractions }: Pick<FerryConfig, 'extractions'>): string[] {
  return Object.entries(extractions).flatMap(([job, extraction]) =>
    (['include', 'exclude'] as const).flatMap((field) =>
      Object.entries(extraction[field])
        .flatMap(([database, schemas]) => [database, ...(schemas === '*' ? [] : schemas)])
        .flatMap((pattern) => {
          const name = PREFIX.exec(pattern)?.[1];
          return name === undefined
            ? []
            : [
                `${job}: ${field}: "${pattern}" only matches the name ${name}; to match every name that begins with it, write "${pattern}.*"; to keep it as it is, write "${pattern}$"`,
              ];
        }),
    ),
  );
}
