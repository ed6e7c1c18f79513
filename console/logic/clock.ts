/** The offset of a zone's clock from UTC at a moment: `+02:00`. */
export function offsetOf(zone: string, moment: string): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(
    new Date(moment),
  );
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value.replace('GMT', '') ?? '';
  return name === '' ? '+00:00' : name;
}

/** Planned runs with the offset of their zone's clock, and whether it has changed since the one before. */
export function withOffsets(
  runs: readonly string[],
  zone: string,
  now: string,
): { at: string; offset: string; changed: boolean }[] {
  let before = offsetOf(zone, now);
  return runs.map((at) => {
    const offset = offsetOf(zone, at);
    const changed = offset !== before;
    before = offset;
    return { at, offset, changed };
  });
}
