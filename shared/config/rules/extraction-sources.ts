import { unknownNameMessage } from '../config-problems.ts';
import type { ExtractionConfig, FerryConfig } from '../schema/ferry-config.ts';

const isPattern = (entry: string) => entry.includes('*');

function matches(pattern: string, name: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
}

/**
 * The names of the sources that an extraction reads, each once, ordered by name. A pattern leaves out sources without a
 * catalog.
 */
export function sourcesOf({ sources }: FerryConfig, extraction: ExtractionConfig): string[] {
  const names = extraction.sources.flatMap((entry) =>
    isPattern(entry)
      ? Object.keys(sources).filter((name) => matches(entry, name) && sources[name]?.type === 'postgres')
      : [entry],
  );
  return [...new Set(names)].sort();
}

/** What is wrong with the sources that an extraction names, by their position in the list. */
export function findSourceProblems(
  config: FerryConfig,
  extraction: ExtractionConfig,
): { index: number; message: string }[] {
  return extraction.sources.flatMap((entry, index) => {
    const message = problemOf(config, entry, extraction);
    return message === undefined ? [] : [{ index, message }];
  });
}

function problemOf(config: FerryConfig, entry: string, extraction: ExtractionConfig): string | undefined {
  if (isPattern(entry)) {
    if (sourcesOf(config, { ...extraction, sources: [entry] }).length > 0) return undefined;
    return `"${entry}" matches no source whose catalog can be read (type: postgres)`;
  }
  const source = Object.hasOwn(config.sources, entry) ? config.sources[entry] : undefined;
  if (!source) return unknownNameMessage('source', entry, Object.keys(config.sources));
  if (source.type !== 'postgres')
    return `"${entry}" is a source of type ${source.type}: extractions only read postgres`;
  return undefined;
}
