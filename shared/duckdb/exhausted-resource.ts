// What a source answers stands behind one of the first words, in whatever language.
const diskIsFull =
  /^IO Error: (?!Failed to (?:fetch|read|prepare|execute|query|copy)).*(No space left on device|Disk quota exceeded|File too large)/i;

/**
 * What DuckDB had too little of when a statement failed: memory, or room on the working disk (full, a quota, a limit on the size of
 * files); undefined when it failed for another reason, such as the full disk of a source.
 */
export function exhaustedResource(error: unknown): 'memory' | 'disk' | undefined {
  const message = error instanceof Error ? error.message : String(error);
  if (/^Out of Memory Error/.test(message))
    return /max_temp_directory_size/.test(message) ? 'disk' : 'memory';
  return diskIsFull.test(message) ? 'disk' : undefined;
}
