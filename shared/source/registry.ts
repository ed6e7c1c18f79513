import type { SourceConfig } from '../config/schema/ferry-config.ts';
import { ConfigError } from '../errors.ts';
import type { Dialect } from './dialect.ts';
import { mysqlDialect } from './mysql/mysql-dialect.ts';
import { odbcDialect } from './odbc/odbc-dialect.ts';
import { postgresDialect } from './postgres/postgres-dialect.ts';

const dialects: Readonly<Record<Exclude<SourceConfig['type'], 'odbc'>, Dialect>> = {
  postgres: postgresDialect,
  mysql: mysqlDialect,
};

/** The dialect of a source's kind of database. */
export function dialectOf({ type, odbc }: Pick<SourceConfig, 'type' | 'odbc'>): Dialect {
  if (type !== 'odbc') return dialects[type];
  // A checked configuration has it.
  if (odbc === undefined) throw new ConfigError('A source of type odbc names no driver.');
  return odbcDialect(odbc);
}
