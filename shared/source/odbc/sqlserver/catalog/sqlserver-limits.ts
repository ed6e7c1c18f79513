import { readFileSync } from 'node:fs';
import { fillIn } from '../../../../text/fill-in.ts';
import { formatCount } from '../../../../text/format.ts';
import { placeholdersOf, readHex, type SqlServerClient, type SqlServerSchema } from './sqlserver-names.ts';

const permissionsSql = readFileSync(new URL('./sql/sqlserver-permissions.sql', import.meta.url), 'utf8');
const hiddenSql = readFileSync(new URL('./sql/sqlserver-hidden.sql', import.meta.url), 'utf8');

/** Shows everything, with the definitions. */
const SEES_ALL = 'VIEW DEFINITION';

async function permissionsOf({ ask }: Pick<SqlServerClient, 'ask'>): Promise<ReadonlySet<string>> {
  const { rows } = await ask(permissionsSql);
  return new Set(rows.map(([permission]) => String(permission)));
}

/**
 * What the login may not see, for people: the catalog leaves out without a word what a login has no permission on.
 * https://learn.microsoft.com/sql/relational-databases/security/metadata-visibility-configuration
 */
export async function limitsOf(client: Pick<SqlServerClient, 'ask'>): Promise<string[]> {
  const permissions = await permissionsOf(client);
  if (permissions.has(SEES_ALL)) return [];
  const unseen = [
    ...(permissions.has('SELECT') ? [] : ['tables', 'views']),
    ...(permissions.has('EXECUTE') ? [] : ['routines']),
  ];
  const listed = unseen.join(', ').replace(/, ([^,]*)$/, ' and $1');
  const parts = 'defaults, computed columns and the definitions of views and routines are missing';
  return [
    unseen.length === 0
      ? `The login has no VIEW DEFINITION permission on the database: ${parts}.`
      : `The login has no VIEW DEFINITION permission on the database: it only sees those ${listed} on which it has a permission, and there may be others; ${parts}.`,
  ];
}

/** Which definitions are missing, for people. */
export async function hiddenAmong(
  client: Pick<SqlServerClient, 'ask'>,
  schemas: readonly SqlServerSchema[],
): Promise<string[]> {
  const { rows } = await client.ask(fillIn(hiddenSql, placeholdersOf(schemas)));
  if (rows.length === 0) return [];
  const names = rows.map(([, name]) => readHex(name).replace(/\p{Cc}/gu, ' '));
  const more = Number(rows[0]?.[0]) - names.length;
  const named = `${names.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
  return [
    `Left out: the definitions of ${named}, because they are encrypted, or the login lacks the permission VIEW DEFINITION on them.`,
  ];
}
