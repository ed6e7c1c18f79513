import { describe, expect, it } from 'vitest';
import { postgresRelative } from '../../../../shared/source/postgres/postgres-family.ts';

// What the products answer to `SELECT version()`, as their documentation and their users show it.
describe('the family of Postgres', () => {
  it.each([
    [
      'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.12103',
      'Amazon Redshift',
      '1.0.12103',
    ],
    [
      'PostgreSQL 9.4.24 (Greenplum Database 6.10.0 build commit:5f36eb46555ef8ba3ad4bd5ab8ff3b0cd2cdd3bb) on x86_64-unknown-linux-gnu, compiled by gcc (GCC) 6.4.0, 64-bit compiled on Aug 13 2020 01:59:51',
      'Greenplum',
      '6.10.0',
    ],
    [
      'PostgreSQL 12.12 (Greenplum Database 7.0.0 build commit:0a7a3566873325aca1789ae6f818c80f17a9402d) on x86_64-pc-linux-gnu, compiled by gcc (GCC) 8.5.0 20210514 (Red Hat 8.5.0-18), 64-bit compiled on Sep 20 2023 00:31:24 Bhuvnesh C.',
      'Greenplum',
      '7.0.0',
    ],
    [
      'CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27 01:53:43, go1.19.10)',
      'CockroachDB',
      '23.1.11',
    ],
    [
      'PostgreSQL 11.2-YB-2.13.1.0-b0 on x86_64-pc-linux-gnu, compiled by gcc (Homebrew gcc 5.5.0_4) 5.5.0, 64-bit',
      'YugabyteDB',
      '2.13.1.0-b0',
    ],
    [
      'PostgreSQL 15.12-YB-2025.1.0.0-b0 on x86_64-pc-linux-gnu, compiled by clang version 17.0.6, 64-bit',
      'YugabyteDB',
      '2025.1.0.0-b0',
    ],
    [
      'PostgreSQL 14.5 (EnterpriseDB Advanced Server 14.5.0) on x86_64-pc-linux-gnu, compiled by gcc (GCC) 4.8.5 20150623 (Red Hat 4.8.5-44), 64-bit',
      'EDB Postgres Advanced Server',
      '14.5.0',
    ],
  ])('%s', (said, name, version) => {
    expect(postgresRelative(said)).toMatchObject({ name, version });
  });

  it('refuses Redshift alone', () => {
    expect(
      postgresRelative('PostgreSQL 8.0.2 on i686-pc-linux-gnu, Redshift 1.0.12103')?.refused,
    ).toBeDefined();
    expect(postgresRelative('CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu)')?.refused).toBeUndefined();
  });

  // Timescale and Citus are extensions, and Aurora and Azure say what Postgres does.
  it.each([
    'PostgreSQL 15.4 (Ubuntu 15.4-1.pgdg22.04+1) on x86_64-pc-linux-gnu, compiled by gcc (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0, 64-bit',
    'PostgreSQL 13.7 on x86_64-pc-linux-gnu, compiled by x86_64-pc-linux-gnu-gcc (GCC) 7.4.0, 64-bit',
    'PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit',
    'PostgreSQL 18.4 on x86_64-pc-linux-gnu, compiled by gcc (Ubuntu 7.5.0-3ubuntu1~18.04) 7.5.0, 64-bit',
  ])('is Postgres itself: %s', (said) => {
    expect(postgresRelative(said)).toBeUndefined();
  });
});
