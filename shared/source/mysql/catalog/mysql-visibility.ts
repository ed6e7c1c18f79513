import { parseGrants } from './mysql-grants.ts';
import type { MysqlClient } from './mysql-names.ts';

/** More names would make the message hard to read. */
const MAX_NAMES = 5;

/** Each of these shows all routines of a schema. */
const ROUTINE_PRIVILEGES = [
  'EXECUTE',
  'CREATE ROUTINE',
  'ALTER ROUTINE',
  'SHOW_ROUTINE',
  'SHOW CREATE ROUTINE',
];

/**
 * What the login may not see, for people: information_schema leaves out without a word what a login has no privilege
 * on.
 *
 * @param schemas that are read
 */
export async function limitsOf(client: MysqlClient, schemas: readonly string[]): Promise<string[]> {
  if (client.source.clonedInformationSchema !== undefined) return [];
  const {
    rows: [partialRevokes],
  } = await client.ask("SHOW VARIABLES LIKE 'partial_revokes'");
  const { rows } = await client.ask('SHOW GRANTS');
  const grants = parseGrants(
    rows.map(([statement]) => String(statement)),
    partialRevokes?.[1] === 'ON',
  );
  if (grants.onEverything(['SELECT'])) return [];
  // MariaDB keeps routines in a table, has no such variable, and shows all to who may read that.
  const readsRoutines = partialRevokes === undefined && grants.selectsFrom('mysql', 'proc');
  const partly = schemas.filter((schema) => !grants.onSchema(['SELECT'], schema));
  const withoutRoutines = schemas.filter(
    (schema) => !readsRoutines && !partly.includes(schema) && !grants.onSchema(ROUTINE_PRIVILEGES, schema),
  );
  return [
    ...(partly.length === 0
      ? []
      : [
          `The login has no SELECT privilege on all of ${listed(partly)}: it only sees the tables, columns and routines there on which it has a privilege, and there may be others.`,
        ]),
    ...(withoutRoutines.length === 0
      ? []
      : [
          `The login has no privilege on all routines of ${listed(withoutRoutines)} (such as EXECUTE): it only sees those on which it has one, and there may be others.`,
        ]),
    ...(grants.onEverything(['SHOW DATABASES']) && !grants.hasRevoked
      ? []
      : ['The login only sees schemas on which it has a privilege: there may be others.']),
  ];
}

function listed(schemas: readonly string[]): string {
  const more = schemas.length > MAX_NAMES ? ` and ${schemas.length - MAX_NAMES} more` : '';
  return `${schemas.slice(0, MAX_NAMES).join(', ')}${more}`;
}
