import type { SourceConfig } from '../../config/schema/ferry-config.ts';
import { inSpan } from '../../telemetry/in-span.ts';
import { isFile } from '../credentials/credentials.ts';
import type { SourcePhase } from '../error-patterns.ts';
import type { SessionOptions } from './session-options.ts';

/** What the semantic conventions call the databases. */
const systems = { postgres: 'postgresql', mysql: 'mysql' } as const;
const productsOfOdbc = {
  sqlite: 'sqlite',
  postgresql: 'postgresql',
  mariadb: 'mariadb',
  sqlserver: 'microsoft.sql_server',
} as const;

const systemOf = ({ type, odbc }: Pick<SourceConfig, 'type' | 'odbc'>): string =>
  type === 'odbc' ? (odbc ? productsOfOdbc[odbc.product] : 'other_sql') : systems[type];

/** Statements that Ferry itself sends, whose words are their names. */
const OWN = /^(BEGIN|COMMIT|ROLLBACK)$/;

/** What Ferry calls a statement: a query could have data in it, so its own words are in no span. */
export const statementName = (phase: SourcePhase, sql: string): string =>
  OWN.test(sql) ? sql.toLowerCase() : phase;

/** Asks a source something, in a span by the semantic conventions for calls to databases, without the statement. */
export function traceStatement<T>(
  name: string,
  { source, login }: Pick<SessionOptions, 'source' | 'login'>,
  work: () => Promise<T>,
): Promise<T> {
  const attributes = {
    'db.system.name': systemOf(source),
    'db.operation.name': name,
    'db.namespace': login.database,
    ...(isFile(login) ? {} : { 'server.address': login.host, 'server.port': login.port }),
  };
  return inSpan(`${systemOf(source)} ${name}`, { kind: 'client', attributes }, work);
}
