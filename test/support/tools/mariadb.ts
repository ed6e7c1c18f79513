import type { Tool } from './tool.ts';

/** The MariaDB that Ferry is tested with. */
export const MARIADB: Tool<'mariadbd'> = {
  name: 'mariadb',
  title: 'MariaDB 10.11',
  programs: ['mariadbd'],
  version: /Ver 10\.11\.\d+-MariaDB/,
  otherVersion: /MariaDB/,
  debian: {
    suite: 'bookworm',
    packages: ['mariadb-server-core'],
    without: ['mysql-common', 'mariadb-common'],
  },
};
