const zoneNames = new Set([...Intl.supportedValuesOf('timeZone'), 'UTC', 'GMT']);

/** A zone's other name, such as Asia/Calcutta for Asia/Kolkata: spelled as IANA does, and known to JavaScript. */
function isLinkedZone(zone: string): boolean {
  if (!/^[A-Z][A-Za-z]+(\/[A-Z][A-Za-z_-]+)+$/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Whether EventBridge Scheduler knows a zone by this name. JavaScript also accepts offsets, and ignores case. */
export function isTimeZone(zone: string): boolean {
  return zoneNames.has(zone) || isLinkedZone(zone);
}
