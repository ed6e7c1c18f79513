/**
 * Ends the process at once, whatever its other threads do. `process.exit` waits for threads that wait for a source:
 * DuckDB's clients read from it in libuv's threads, which libuv joins at the end of a process (uv_library_shutdown),
 * and a source that hangs never answers.
 *
 * The process replaces itself with one that only exits. That ends its threads, keeps the exit code, and also works for
 * the first process of a container, which cannot kill itself with a signal.
 */
export function endProcess(exitCode: number): never {
  try {
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${exitCode})`], {});
  } catch {
    // Not available on this platform.
  }
  process.kill(process.pid, 'SIGKILL');
  // The signal has been sent.
  for (;;);
}
