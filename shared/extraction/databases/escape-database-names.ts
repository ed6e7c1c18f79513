/**
 * How the databases of one connection appear in qualifiedNames: unchanged, except for one whose name begins with the
 * name of another and a slash. Database `a` with schema `b` and database `a/b` would otherwise be the same, with
 * everything in them.
 *
 * @returns the names that change
 */
export function escapeDatabaseNames(names: readonly string[]): Map<string, string> {
  const shadowed = names.filter((name) => names.some((other) => name.startsWith(`${other}/`)));
  return new Map(shadowed.map((name) => [name, name.replaceAll('/', '%2F')]));
}
