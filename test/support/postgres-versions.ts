/** The oldest and the newest Postgres that tests run on: title and what to start. */
export const POSTGRES_VERSIONS = [
  ['Postgres 15', { binaries: '/usr/lib/postgresql/15/bin' }],
  ['Postgres 18', { binaries: 'embedded' }],
] as const;
