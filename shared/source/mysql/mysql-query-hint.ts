/**
 * What to do about a query that MySQL or MariaDB refuses, by its words in English or German. The words name what is in
 * the query and in the catalog, so they may be repeated.
 */
export function mysqlQueryHint(said: string): string {
  // MariaDB says this of a function that does not exist, too, so that nobody learns which there are.
  const [, routine] =
    /^(?:execute|alter routine) (?:command denied|Befehl nicht erlaubt) .* '([^']+)'/i.exec(said) ?? [];
  if (routine !== undefined)
    return `Check the name: the server says the same of a function that it does not have, such as one of DuckDB or Postgres. If there is one, grant it: GRANT EXECUTE ON FUNCTION ${routine} TO this user.`;
  const [, table] =
    / (?:command denied to user|Befehl nicht erlaubt) .* [`'"]([^\s'"]+)[`'"]$/.exec(said) ?? [];
  if (table !== undefined) return `Grant it: GRANT SELECT ON ${table.replaceAll('`', '')} TO this user.`;
  if (/doesn't exist|Unknown column/.test(said)) return 'Check the name, and that the login may see it.';
  const near = / near '([\s\S]*)' at line \d+\.?$/.exec(said)?.[1] ?? '';
  if (near.startsWith('"')) return 'Names stand in backticks here: `orders`. Double quotes make a text.';
  if (near.startsWith('::'))
    return 'x::type is of Postgres: write CAST(x AS CHAR), CAST(x AS DECIMAL(10,2)) and so on.';
  return 'Run the query on the source itself to see more. Ferry does not support several statements, SHOW and similar.';
}
