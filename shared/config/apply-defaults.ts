type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Fields of `own` win; groups of fields are merged, and everything else is replaced as a whole. */
function mergeDefaults(defaults: unknown, own: unknown): unknown {
  if (!isPlain(defaults) || !isPlain(own)) return own ?? defaults;
  const merged: Plain = { ...defaults };
  for (const [key, value] of Object.entries(own)) merged[key] = mergeDefaults(defaults[key], value);
  return merged;
}

/** Where in `defaults` a field of a source or schedule may come from. */
export function originOf([group, , ...rest]: readonly string[]): string[] | undefined {
  if (group === 'sources' && rest.length > 0) return ['defaults', 'source', ...rest];
  if ((group === 'syncs' || group === 'extractions') && rest[0] === 'schedule' && rest.length > 1)
    return ['defaults', 'schedule', ...rest.slice(1)];
  return undefined;
}

const mapValues = (group: unknown, change: (value: unknown) => unknown): unknown =>
  isPlain(group)
    ? Object.fromEntries(Object.entries(group).map(([key, value]) => [key, change(value)]))
    : group;

/** A file as a person wrote it, with its `defaults` in the sources and schedules that do not set their own. */
export function applyDefaults(raw: unknown): unknown {
  if (!isPlain(raw) || !isPlain(raw.defaults)) return raw;
  const { source, schedule } = raw.defaults;
  const withSchedule = (own: unknown) =>
    isPlain(own) && isPlain(own.schedule) ? { ...own, schedule: mergeDefaults(schedule, own.schedule) } : own;
  return {
    ...raw,
    sources: mapValues(raw.sources, (own) => (isPlain(own) ? mergeDefaults(source, own) : own)),
    ...(raw.syncs === undefined ? {} : { syncs: mapValues(raw.syncs, withSchedule) }),
    ...(raw.extractions === undefined ? {} : { extractions: mapValues(raw.extractions, withSchedule) }),
  };
}
