import type { Tool } from '../tool.ts';

/** The oldest Postgres that Ferry is tested with. Unlike that of the npm package it knows LDAP and brings pg_basebackup. */
export const POSTGRES_15: Tool<'postgres' | 'initdb' | 'pg_basebackup'> = {
  name: 'postgres-15',
  title: 'Postgres 15',
  programs: ['postgres', 'initdb', 'pg_basebackup'],
  version: /\(PostgreSQL\) 15\./,
  machineFolders: [
    '/usr/lib/postgresql/15/bin',
    '/usr/pgsql-15/bin',
    '/opt/homebrew/opt/postgresql@15/bin',
    '/usr/local/opt/postgresql@15/bin',
  ],
  debian: {
    suite: 'bookworm',
    packages: ['postgresql-15'],
    // The compiler of queries is a third of it, and Postgres does not need if its library is missing.
    without: [
      'dpkg',
      'libllvm14',
      'postgresql-client-common',
      'postgresql-common',
      'ssl-cert',
      'tzdata',
      'netbase',
    ],
    // What its messages are in other languages.
    kept: ['usr/share/locale'],
    unused: [
      'usr/lib/postgresql/15/lib/bitcode',
      'usr/lib/postgresql/15/lib/llvmjit.so',
      'usr/lib/postgresql/15/lib/llvmjit_types.bc',
    ],
  },
};
