let zoneNames: ReadonlySet<string> | undefined;

/** Names of the IANA database without a region, which containers have in TZ. JavaScript knows them too. */
export const PLAIN_ZONES: ReadonlySet<string> = new Set(
  (
    'UTC GMT CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran Israel Jamaica Japan ' +
    'Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK Singapore Turkey UCT Universal W-SU WET Zulu'
  ).split(' '),
);

/** A zone's other name, such as Asia/Calcutta for Asia/Kolkata: spelled as IANA does, and known to JavaScript. */
function isLinkedZone(zone: string): boolean {
  if (PLAIN_ZONES.has(zone) || /^Etc\/GMT(0|[+-](0|[1-9]|1[0-4]))$/.test(zone)) return isKnown(zone);
  return /^[A-Z][A-Za-z]+(\/[A-Z][A-Za-z_-]+)+$/.test(zone) && isKnown(zone);
}

function isKnown(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Whether this is the name of a zone in the IANA database. JavaScript also accepts offsets, and ignores case. */
export function isTimeZone(zone: string): boolean {
  zoneNames ??= new Set(Intl.supportedValuesOf('timeZone'));
  return zoneNames.has(zone) || isLinkedZone(zone);
}
