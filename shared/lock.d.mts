/** See lock.mjs. */
export declare function withLock<T>(
  lock: string,
  action: () => T | Promise<T>,
  options?: { onWait?: () => void },
): Promise<T>;
