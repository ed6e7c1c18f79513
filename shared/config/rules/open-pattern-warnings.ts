import type { FerryConfig } from '../schema/ferry-config.ts';

/** Starts with ^, has no $, and contains nothing that could match anything but itself. */
const PREFIX = /^\^([^\\^$.*+?()[\]{}|]+)$/;

/**
 * One sentence for each pattern of a filter that looks like a prefix: Atlan's app also keeps `application` for `^app`,
 * while patterns here match whole names.
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
