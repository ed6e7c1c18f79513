/** What each kind of superuser could do, by what the servers call it ({@link ServerFacts.superuser}). */
const POWERS: Readonly<Record<string, string>> = {
  superuser: 'read and write files of the server, run programs on it, and end other sessions',
  rds_superuser: 'manage all roles and settings of the server, and end other sessions',
  cloudsqlsuperuser: 'manage all roles and settings of the server, and end other sessions',
  azure_pg_admin: 'manage all roles and settings of the server, and end other sessions',
  SUPER: 'change settings of the server, end other sessions, and act as any other user',
  sysadmin: 'do everything on the server, and run programs on it',
};

/**
 * A warning about a login that may do everything, for each run: a read-only transaction keeps a query from changing
 * rows, and from little else that such a login may do.
 *
 * @param superuser as the server says it; undefined for all other logins
 */
export function warnOfSuperuser(source: string, superuser: string | undefined): string | undefined {
  if (superuser === undefined) return undefined;
  const could = POWERS[superuser] ?? 'do everything on the server';
  return `The login of the source ${source} is ${describe(superuser)}: a query, or whoever learns the password, could ${could}. Use a login that may only SELECT.`;
}

function describe(superuser: string): string {
  if (superuser === 'superuser') return 'a superuser';
  return superuser === 'SUPER' ? 'one with the privilege SUPER' : `a member of ${superuser}`;
}
