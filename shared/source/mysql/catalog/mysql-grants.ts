/** What a login holds, as far as it decides what of the catalog the login sees. */
export interface Grants {
  /** Whether the login has one of these privileges on a whole schema, or on everything. */
  onSchema(privileges: readonly string[], schema: string): boolean;
  /** Whether it has one of these privileges on everything, with no schema left out. */
  onEverything(privileges: readonly string[]): boolean;
  /** Whether something was taken away from it again in single schemas. */
  hasRevoked: boolean;
  /** Whether it has SELECT on this table, or on more than it. */
  selectsFrom(schema: string, table: string): boolean;
}

interface Grant {
  isRevoked: boolean;
  privileges: ReadonlySet<string>;
  /** A pattern; undefined for all. */
  schema: string | undefined;
  /** Undefined for all. */
  table: string | undefined;
}

/** With `sql_mode` ANSI the quotes are others, and with `sql_quote_show_create` off there are none. */
const NAME = String.raw`(\`(?:[^\`]|\`\`)*\`|"(?:[^"]|"")*"|[^\s.]+)`;
const STATEMENT = new RegExp(
  `^(GRANT|REVOKE) ([A-Z_, ]+?) ON (?:TABLE )?${NAME}\\.${NAME} (?:TO|FROM) `,
  's',
);

/**
 * Reads SHOW GRANTS, which both servers answer for the login and its active roles. Privileges on routines and columns say nothing about
 * whole schemas, and are left out.
 *
 * @param statements its rows, which may hold the hash of a password
 * @param literal whether `_` and `%` in the name of a schema stand for themselves, as they do on a server with `partial_revokes`
 */
export function parseGrants(statements: readonly string[], literal: boolean): Grants {
  const grants = statements.flatMap((statement) => grantOf(statement) ?? []);
  const has = ({ privileges }: Grant, wanted: readonly string[]) =>
    privileges.has('ALL PRIVILEGES') || wanted.some((one) => privileges.has(one));
  const matches = ({ schema }: Grant, name: string) =>
    schema !== undefined && matchesGrant(schema, name, literal);
  const ofSchemas = grants.filter(({ table }) => table === undefined);
  const held = ofSchemas.filter(({ isRevoked }) => !isRevoked);
  const revoked = ofSchemas.filter(({ isRevoked }) => isRevoked);
  // Of several patterns a server takes the one with the fewest wildcards alone, and which that is depends on it.
  const ofPatterns = (wanted: readonly string[], name: string) => {
    const matching = held.filter((grant) => matches(grant, name));
    const exact = matching.filter(({ schema = '' }) => literal || !/(?<!\\)[_%]/.test(schema));
    if (exact.length > 0) return exact.some((grant) => has(grant, wanted));
    return matching.length > 0 && matching.every((grant) => has(grant, wanted));
  };
  const onSchema = (wanted: readonly string[], name: string) =>
    wanted.some(
      (one) =>
        ofPatterns([one], name) ||
        (held.some((grant) => grant.schema === undefined && has(grant, [one])) &&
          !revoked.some((grant) => matches(grant, name) && has(grant, [one]))),
    );
  return {
    onSchema,
    onEverything: (wanted) =>
      wanted.some(
        (one) =>
          held.some((grant) => grant.schema === undefined && has(grant, [one])) &&
          !revoked.some((grant) => has(grant, [one])),
      ),
    hasRevoked: revoked.length > 0,
    selectsFrom: (schema, table) =>
      onSchema(['SELECT'], schema) ||
      grants.some((grant) => grant.schema === schema && grant.table === table && has(grant, ['SELECT'])),
  };
}

function grantOf(statement: string): Grant | undefined {
  const [, verb, privileges = '', schema = '', table = ''] = STATEMENT.exec(statement) ?? [];
  if (verb === undefined) return undefined;
  return {
    isRevoked: verb === 'REVOKE',
    privileges: new Set(privileges.split(',').map((privilege) => privilege.trim().toUpperCase())),
    schema: schema === '*' ? undefined : unquoted(schema),
    table: table === '*' ? undefined : unquoted(table),
  };
}

function unquoted(name: string): string {
  const [quote = ''] = name;
  return /^[`"]$/.test(quote) ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
}

/** A pattern of GRANT: `_` and `%` stand for anything, unless a backslash is before them. */
function matchesGrant(pattern: string, name: string, literal: boolean): boolean {
  const expression = pattern.replace(/\\?[\s\S]/g, (part) => {
    if (part === '_' && !literal) return '.';
    if (part === '%' && !literal) return '.*';
    return part.replace(/^\\(?=[_%\\])/, '').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${expression}$`, 'su').test(name);
}
