import type { SourceConfig } from '../config/schema/ferry-config.ts';
import type { Dialect } from './dialect.ts';
import { mysqlDialect } from './mysql/mysql-dialect.ts';
import { postgresDialect } from './postgres/postgres-dialect.ts';

const dialects: Readonly<Record<SourceConfig['type'], Dialect>> = {
  postgres: postgresDialect,
  mysql: mysqlDialect,
};

/** The dialect of a kind of database. */
export function dialectOf(type: SourceConfig['type']): Dialect {
  return dialects[type];
}
