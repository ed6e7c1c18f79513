/**
 * Ends the process at once, whatever its other threads do. `process.exit` waits for those that wait for a source: DuckDB's clients read
 * from it in libuv's threads, which libuv joins at the end of a process (uv_library_shutdown), and a source that hangs never answers.
 *
 * The process becomes one that does nothing but exit: that ends its threads, works for the first process of a container, which no signal
 * of its own kills, and keeps the exit code.
 */
export function endProcess(exitCode: number): never {
  try {
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${exitCode})`], {});
  } catch {
    // Not on this platform.
  }
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way.
  for (;;);
}
