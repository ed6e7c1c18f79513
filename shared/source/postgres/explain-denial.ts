import { QueryError } from '../../errors.ts';

/**
 * What Postgres denied, as far as it says so in English or German. Of its catalog alone, so that no name can be data.
 */
function deniedIn(message: string): { kind: string; name: string } | undefined {
  const found =
    /(?:permission denied for|keine Berechtigung für) (function|table|view|relation|Funktion|Tabelle|Sicht|Relation) "?(\w{1,63})"?/.exec(
      message,
    );
  if (!found) return undefined;
  const [, kind = '', name = ''] = found;
  return { kind: /^[fF]un/.test(kind) ? 'function' : 'table', name };
}

/** The statement that gives a login back what every login may do by default. */
const grantOf = ({ kind, name }: { kind: string; name: string }, user: string) =>
  kind === 'function'
    ? `GRANT EXECUTE ON FUNCTION pg_catalog.${name} TO ${user} (with the types of the arguments, if there are several of this name)`
    : `GRANT SELECT ON pg_catalog.${name} TO ${user}`;

/** A catalog question that was denied. */
export function explainDeniedCatalog(message = ''): QueryError {
  const denied = deniedIn(message);
  if (!denied) {
    return new QueryError('The source denied a catalog query: the login lacks a permission.', {
      hint: 'By default every login may read pg_catalog and call its functions: GRANT that to this login again. The log of the server says which permission was denied.',
    });
  }
  return new QueryError(
    `The source denied a catalog query: the login lacks a permission for the ${denied.kind} pg_catalog.${denied.name}.`,
    {
      hint: `By default every login may read pg_catalog and call its functions: ${grantOf(denied, 'this login')}.`,
    },
  );
}

/** What Ferry asks right after the login was let in was denied, so the login itself is in order. */
export function explainDeniedFacts(at: string, user: string, said: string): QueryError {
  // In any language, the server's words contain the name itself.
  const name = /\b(set_config|current_setting|pg_\w{1,60}|version)\b/.exec(said)?.[1];
  const denied = deniedIn(said) ?? (name === undefined ? undefined : { kind: 'function', name });
  if (!denied) {
    return new QueryError(
      `The source at ${at} lets user "${user}" in, but denies something that Ferry needs.`,
      {
        hint: 'By default every login may read pg_catalog and call its functions: GRANT that to this login again. The log of the server says which permission was denied.',
      },
    );
  }
  return new QueryError(
    `The source at ${at} lets user "${user}" in, but denies the ${denied.kind} pg_catalog.${denied.name}, which Ferry needs.`,
    { hint: `By default every login has this permission: ${grantOf(denied, `"${user}"`)}.` },
  );
}
