import type { Tool } from '../tool.ts';

/** The MySQL that Ferry is tested with. Debian's releases hold none, its unstable branch does. */
export const MYSQL: Tool<'mysqld'> = {
  name: 'mysql',
  title: 'MySQL 9.7',
  programs: ['mysqld'],
  version: /^(?!.*MariaDB).*Ver 9\.7\./,
  otherVersion: /^(?!.*MariaDB).*Ver /,
  debian: {
    suite: 'sid',
    packages: ['mysql-server-core'],
    without: ['mysql-common', 'mariadb-common'],
  },
};
