import { nearestName } from '../nearest-name.ts';
import { CONNECTOR_VARIABLES, PROCESS_VARIABLES } from './variable-names.ts';

/** The names of other programs that people take over: what the connector calls them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  SOURCE_DATABASE_USERNAME: 'SOURCE_DATABASE_USER',
  SOURCE_DATABASE_DATABASE: 'SOURCE_DATABASE_NAME',
  SOURCE_DATABASE_DB: 'SOURCE_DATABASE_NAME',
  SOURCE_DATABASE_QUERY: 'SOURCE_DATABASE_SQL_QUERY',
  SOURCE_DATABASE_SQL: 'SOURCE_DATABASE_SQL_QUERY',
  POLYTEIA_TOKEN: 'PERSONAL_ACCESS_TOKEN',
  POLYTEIA_PERSONAL_ACCESS_TOKEN: 'PERSONAL_ACCESS_TOKEN',
  POLYTEIA_DATASET_ID: 'DATASET_ID',
  CRON: 'CRON_SCHEDULE',
  SCHEDULE: 'CRON_SCHEDULE',
};

/** The variable that a name which the connector does not know was meant to be; undefined if none is near. */
function meantBy(name: string): string | undefined {
  if ([...CONNECTOR_VARIABLES, ...PROCESS_VARIABLES].includes(name)) return undefined;
  const known = OTHER_NAMES[name.toUpperCase()];
  if (known !== undefined) return known;
  // Short names of other programs are near to anything.
  return name.length < 6 ? undefined : nearestName(name.toUpperCase(), CONNECTOR_VARIABLES);
}

/** The name under which a missing variable may have been set. */
export function findMisspelling(missing: string, names: readonly string[]): string | undefined {
  return names.find((name) => meantBy(name) === missing);
}

/** What of the names in a file is probably meant to be a variable that is not set. */
export function findMisspelled(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const meant = meantBy(name);
    return meant === undefined || names.includes(meant)
      ? []
      : [`${name} is not a variable of the connector, and has no effect; did you mean ${meant}?`];
  });
}
