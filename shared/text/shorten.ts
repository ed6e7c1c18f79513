const MAX_SHOWN = 100;

/** A name of which a message shows as much as tells which one is meant. */
export function shorten(name: string): string {
  return name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name;
}
