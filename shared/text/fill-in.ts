/**
 * SQL with its placeholders, such as `__SCHEMAS__`, filled in. All at once, so that what is put in is not looked through again: a pattern
 * of a filter may hold any text.
 */
export function fillIn<Name extends string>(sql: string, parts: Readonly<Record<Name, string>>): string {
  return sql.replace(/__([A-Z]+(?:_[A-Z]+)*)__/g, (placeholder, name: Name) => parts[name] ?? placeholder);
}
