import type { Tool } from '../tool.ts';

/** The PgBouncer that Ferry is tested with. */
export const PGBOUNCER: Tool<'pgbouncer'> = {
  name: 'pgbouncer',
  title: 'PgBouncer 1.18',
  programs: ['pgbouncer'],
  version: /^PgBouncer 1\.18\./,
  otherVersion: /^PgBouncer/,
  debian: {
    suite: 'bookworm',
    packages: ['pgbouncer'],
    without: ['postgresql-common', 'postgresql-client-common', 'ssl-cert'],
  },
};
