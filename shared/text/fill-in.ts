/**
 * SQL with its placeholders, such as `__SCHEMAS__`, replaced. All at once, so that inserted text is not searched again:
 * a pattern of a filter may contain any text.
 */
export function fillIn<Name extends string>(sql: string, parts: Readonly<Record<Name, string>>): string {
  return sql.replace(/__([A-Z]+(?:_[A-Z]+)*)__/g, (placeholder, name: Name) => parts[name] ?? placeholder);
}
