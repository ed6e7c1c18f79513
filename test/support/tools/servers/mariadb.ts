import type { Tool } from '../tool.ts';

/** The MariaDB that Ferry is tested with. */
export const MARIADB: Tool<'mariadbd'> = {
  name: 'mariadb',
  title: 'MariaDB 10.11',
  programs: ['mariadbd'],
  version: /Ver 10\.11\.\d+-MariaDB/,
  otherVersion: /MariaDB/,
  debian: {
    suite: 'bookworm',
    // With its plugins, such as that of ed25519.
    packages: ['mariadb-server'],
    // What its service and its scripts need.
    without: [
      'galera-4',
      'gawk',
      'iproute2',
      'libdbi-perl',
      'lsof',
      'mariadb-client',
      'mariadb-common',
      'mysql-common',
      'passwd',
      'psmisc',
      'rsync',
      'socat',
    ],
    unused: ['etc', 'usr/lib/mysql/plugin/auth_pam_tool_dir'],
  },
};
