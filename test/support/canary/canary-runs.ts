import type { FailureHow } from '../polyteia/stand-in/types.ts';
import { NAME, SALARY, type SourceName } from './canary-servers.ts';

/** A run that could show a value. */
export interface RunCase {
  what: string;
  source: SourceName;
  sync: Record<string, unknown>;
  upload?: FailureHow;
  class?: string;
  /** Run as its own process, whose client libraries may print too. */
  apart?: true;
}

const row = 'SELECT id, name, salary, born FROM people';
export const runs: RunCase[] = [
  { apart: true, what: 'success', source: 'postgres', sync: { query: 'SELECT * FROM people' } },
  {
    what: 'notices',
    apart: true,
    source: 'postgres',
    sync: { query: 'SELECT name, salary, born, whisper(name) FROM people' },
  },
  {
    what: 'conversions and warnings',
    source: 'postgres',
    sync: {
      duckdbQuery: 'SELECT name, salary, born FROM db.people',
      types: 'compatible',
      columns: { salary: 'text' },
    },
  },
  { apart: true, what: 'success', source: 'mariadb', sync: { query: row } },
  { what: 'a scan', source: 'mariadb', sync: { duckdbQuery: 'SELECT name, salary, born FROM db.people' } },
  {
    what: 'division by zero',
    source: 'postgres',
    sync: { query: 'SELECT name, 1/(id-1) AS v FROM people' },
    class: 'QueryError',
  },
  {
    what: 'a cast',
    source: 'postgres',
    sync: { query: 'SELECT name::int AS v FROM people' },
    class: 'QueryError',
  },
  {
    what: 'NaN next to it',
    source: 'postgres',
    sync: { query: 'SELECT name, salary FROM odd' },
    class: 'ExactnessError',
  },
  {
    what: 'infinity next to it',
    source: 'postgres',
    sync: { query: 'SELECT born FROM odd' },
    class: 'ExactnessError',
  },
  {
    what: 'an array of two dimensions',
    source: 'postgres',
    sync: { query: 'SELECT many FROM odd' },
    class: 'ExactnessError',
  },
  {
    what: 'a table with NaN',
    source: 'postgres',
    sync: { duckdbQuery: 'SELECT name, salary FROM db.odd' },
    class: 'ExactnessError',
  },
  {
    what: 'an overflow',
    source: 'postgres',
    sync: { query: row, columns: { salary: 'decimal(3,1)' } },
    class: 'ExactnessError',
  },
  {
    what: 'an override that cannot be',
    source: 'postgres',
    sync: { query: row, columns: { name: 'bigint' } },
    class: 'ConfigError',
  },
  {
    what: 'a cast of DuckDB',
    apart: true,
    source: 'postgres',
    sync: { duckdbQuery: 'SELECT name::INT AS v FROM db.people' },
    class: 'QueryError',
  },
  {
    what: 'words of a function',
    source: 'postgres',
    sync: { query: 'SELECT shout(name) AS v FROM people' },
    class: 'QueryError',
  },
  {
    what: 'words of a planned function',
    apart: true,
    source: 'postgres',
    sync: { duckdbQuery: 'SELECT * FROM db.planned_shout' },
    class: 'QueryError',
  },
  {
    what: 'a lost connection',
    apart: true,
    source: 'postgres',
    sync: { query: 'SELECT name, pg_terminate_backend(pg_backend_pid()) AS v FROM people' },
    class: 'SourceUnavailableError',
  },
  { what: 'no rows', source: 'postgres', sync: { query: `${row} WHERE id > 1` }, class: 'GuardError' },
  {
    what: 'a refused upload',
    apart: true,
    source: 'postgres',
    sync: { query: row },
    upload: { kind: 'status', status: 400, message: `bad value "${NAME}" in row ${SALARY}` },
    class: 'PolyteiaRejectedError',
  },
  {
    what: 'an upload refused in words',
    source: 'mariadb',
    sync: { query: row },
    upload: { kind: 'errorEnvelope', code: 422, message: `${NAME} is no number` },
    class: 'PolyteiaRejectedError',
  },
  {
    what: 'an upload answered by a page',
    source: 'mariadb',
    sync: { query: row },
    upload: { kind: 'status', status: 500, html: `<p>${NAME}</p>` },
    class: 'PolyteiaUnavailableError',
  },
  {
    what: 'an invalid date',
    source: 'mariadb',
    sync: { query: 'SELECT * FROM odd' },
    class: 'ExactnessError',
  },
  {
    what: 'a table with such dates',
    source: 'mariadb',
    sync: { duckdbQuery: 'SELECT * FROM db.odd' },
    class: 'ExactnessError',
  },
  {
    what: 'an overflow',
    source: 'mariadb',
    sync: { query: 'SELECT wide FROM people', columns: { wide: 'decimal(3,1)' } },
    class: 'ExactnessError',
  },
  {
    what: 'words of a function',
    source: 'mariadb',
    sync: { query: 'SELECT id FROM people WHERE id = shout(name)' },
    class: 'QueryError',
  },
  {
    what: 'words of a planned function',
    apart: true,
    source: 'mariadb',
    sync: { duckdbQuery: 'SELECT * FROM db.planned_shout' },
    class: 'QueryError',
  },
  {
    what: 'words of a prepared function',
    apart: true,
    source: 'mariadb',
    sync: { query: 'SELECT EXTRACTVALUE(1, planned()) AS v' },
    class: 'QueryError',
  },
  {
    what: 'a cast of DuckDB',
    apart: true,
    source: 'mariadb',
    sync: { duckdbQuery: 'SELECT name::INT AS v FROM db.people' },
    class: 'QueryError',
  },
];
export const jobOf = (index: number) => `run-${index}`;
