import type { SourceConfig } from '../config/schema.ts';
import type { Dialect } from './dialect.ts';
import { mysqlDialect } from './dialects/mysql.ts';
import { postgresDialect } from './dialects/postgres.ts';

const dialects: Readonly<Record<SourceConfig['type'], Dialect>> = {
  postgres: postgresDialect,
  mysql: mysqlDialect,
};

/** The dialect of a kind of database. */
export function dialectOf(type: SourceConfig['type']): Dialect {
  return dialects[type];
}
