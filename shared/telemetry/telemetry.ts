/** What a process records about itself while it works. Nothing of it ever throws. */
export interface Telemetry {
  /**
   * Sends what has been recorded, and waits for that two seconds at most.
   *
   * @param limitMs shorter than that
   * @returns whether all was received
   */
  flush(limitMs?: number): Promise<boolean>;
  /** Sends the rest and stops, in the same time. */
  end(): Promise<boolean>;
  /** The metrics as Prometheus text; undefined where they are not kept for a scraper. */
  scrape: (() => Promise<string>) | undefined;
}

/** That of a process that records nothing. */
export const noTelemetry: Telemetry = {
  flush: async () => true,
  end: async () => true,
  scrape: undefined,
};
