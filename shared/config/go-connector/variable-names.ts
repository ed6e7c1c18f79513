/** The variables without which the connector did not start. */
export const REQUIRED_VARIABLES = [
  'PERSONAL_ACCESS_TOKEN',
  'DATASET_ID',
  'SOURCE_DATABASE_TYPE',
  'SOURCE_DATABASE_HOST',
  'SOURCE_DATABASE_PORT',
  'SOURCE_DATABASE_USER',
  'SOURCE_DATABASE_NAME',
  'SOURCE_DATABASE_SQL_QUERY',
];

/** The variables that configure the connector, of both generations. */
export const CONNECTOR_VARIABLES = [
  ...REQUIRED_VARIABLES,
  'SOURCE_DATABASE_PASSWORD',
  'POLYTEIA_BASE_URL',
  'POLYTEIA_ORGANIZATION_ID',
  'POLYTEIA_ORGANIZATION_SLUG',
  'INGEST_POLL_INTERVAL',
  'INGEST_TIMEOUT',
  'CRON_SCHEDULE',
];

/** How the connector logs, and the port on which it says that it is alive: for a process that runs as it does. */
export const PROCESS_VARIABLES = ['LOG_LEVEL', 'LOG_FORMAT', 'HEALTH_CHECK_PORT'];
