/** What Postgres says, in English or German, of a materialized view that was created or refreshed WITH NO DATA. */
export const NOT_POPULATED = /has not been populated|wurde noch nicht befüllt/;

/** What to do about it. */
export const POPULATE = 'Populate it on the source: REFRESH MATERIALIZED VIEW, by its owner.';

/**
 * What to do about a query that Postgres refuses, by its words in English or German. The words name what is in the
 * query and in the catalog, so they may be repeated.
 */
export function postgresQueryHint(said: string): string {
  const [, kind = '', name = ''] =
    /^(?:permission denied for|keine Berechtigung für) (\S+(?: view| table)?) (\S+?)\.?$/i.exec(said) ?? [];
  if (/^schema$/i.test(kind))
    return `Grant it: GRANT USAGE ON SCHEMA ${name} TO this user, and SELECT on what the query reads.`;
  if (/^(function|funktion)$/i.test(kind)) return `Grant it: GRANT EXECUTE ON FUNCTION ${name} TO this user.`;
  if (name !== '') return `Grant it: GRANT SELECT ON ${name} TO this user.`;
  if (NOT_POPULATED.test(said)) return POPULATE;
  if (!/does not exist|existiert nicht/.test(said)) return 'Run the query on the source itself to see more.';
  if (/^(relation|schema) [»"]db[."«]/i.test(said))
    return 'db. in front of a table is for a duckdbQuery: in a query, write the names of the source, such as public.orders.';
  if (/^(function|funktion) /i.test(said))
    return 'Check the name and its arguments. A query knows the functions of the source only: those of DuckDB need a duckdbQuery.';
  if (/^(column|spalte) /i.test(said))
    return 'Check the name. Texts stand in single quotes; names with capitals, blanks or other characters in double ones.';
  return 'Check the name, its schema, and that the login may see it. Names with capitals, blanks or other characters stand in double quotes.';
}
