// An answer from a source comes after one of the first words, in whatever language.
const diskIsFull =
  /^IO Error: (?!Failed to (?:fetch|read|prepare|execute|query|copy)).*(No space left on device|Disk quota exceeded|File too large)/i;

/**
 * The resource that DuckDB lacked when a statement failed: memory, or space on the working disk (full, a quota, a limit
 * on file sizes); undefined when it failed for another reason, such as a full disk on a source.
 */
export function exhaustedResource(error: unknown): 'memory' | 'disk' | undefined {
  const message = error instanceof Error ? error.message : String(error);
  if (/^Out of Memory Error/.test(message))
    return /max_temp_directory_size/.test(message) ? 'disk' : 'memory';
  return diskIsFull.test(message) ? 'disk' : undefined;
}
