/**
 * How databases of one connection stand in qualifiedNames: as they are, but for one whose name begins with that of another one and a slash.
 * Database `a` with schema `b` and database `a/b` would come out as one, and so would all in them.
 *
 * @returns what is not written as it is
 */
export function escapeDatabaseNames(names: readonly string[]): Map<string, string> {
  const shadowed = names.filter((name) => names.some((other) => name.startsWith(`${other}/`)));
  return new Map(shadowed.map((name) => [name, name.replaceAll('/', '%2F')]));
}
