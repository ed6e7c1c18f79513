import { AuthError, type FerryError } from '../../errors.ts';
import type { ErrorPatterns } from '../error-patterns.ts';

const refuseForAnHour =
  (more: string, limit: string, needs: string) =>
  (at: string, user: string): FerryError =>
    new AuthError(`The source at ${at} does not let user "${user}" ${more} within this hour.`, {
      hint: `Raise its limit: ALTER USER … WITH ${limit} 0.${needs}`,
    });

/** What MariaDB and MySQL call the limits of a user for an hour. */
export const hourlyLimits: ErrorPatterns['connect'] = [
  {
    pattern: /max_(queries_per_hour|questions)/i,
    make: refuseForAnHour(
      'make more queries',
      'MAX_QUERIES_PER_HOUR',
      ' A sync makes about 30 queries, an extraction about 170.',
    ),
  },
  {
    pattern: /max_updates/i,
    make: refuseForAnHour('make more updates', 'MAX_UPDATES_PER_HOUR', ''),
  },
  {
    pattern: /max_connections_per_hour/i,
    make: refuseForAnHour(
      'connect again',
      'MAX_CONNECTIONS_PER_HOUR',
      ' A sync makes about five connections, an extraction about fifteen.',
    ),
  },
];
