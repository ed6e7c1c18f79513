const MAX_SHOWN = 100;

/** A name, cut to what identifies it in a message. */
export function shorten(name: string): string {
  return name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name;
}
