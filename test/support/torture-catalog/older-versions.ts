/** What of the SQL the versions before one do not know, and what they have in its place. */
const since: readonly (readonly [version: number, sql: string, before: string])[] = [
  [15, 'numeric(5, -2)', 'numeric(5, 2)'],
  [15, 'numeric(3, 5)', 'numeric(5, 5)'],
  [14, 'many nummultirange', 'many numrange'],
  [14, 'LANGUAGE sql BEGIN ATOMIC SELECT a + 1; END;', "LANGUAGE sql AS 'SELECT a + 1';"],
  [14, 'LANGUAGE sql RETURN a + 1;', "LANGUAGE sql AS 'SELECT a + 1';"],
];

/** The SQL of the torture catalog for a version of Postgres. */
export const sqlFor = (major: number, sql: string): string =>
  since.reduce((text, [version, part, before]) => {
    return major < version ? text.replace(part, before) : text;
  }, sql);
