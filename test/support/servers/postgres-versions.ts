/** The oldest and the newest Postgres that tests run on: title and what to start. */
export const POSTGRES_VERSIONS = [
  ['Postgres 15', { binaries: '15' }],
  ['Postgres 18', { binaries: 'embedded' }],
] as const;
