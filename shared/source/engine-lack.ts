/**
 * What DuckDB had too little of when a statement failed: memory, or room on the working disk (full, a quota, a limit on the size of
 * files); undefined when it failed for another reason.
 */
export function lackOf(error: unknown): 'memory' | 'disk' | undefined {
  const message = error instanceof Error ? error.message : String(error);
  if (
    /^IO Error: .*(No space left on device|Disk quota exceeded|File too large)|max_temp_directory_size/i.test(
      message,
    )
  )
    return 'disk';
  return /^Out of Memory Error/.test(message) ? 'memory' : undefined;
}
